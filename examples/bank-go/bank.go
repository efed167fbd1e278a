// Bank keeps an account at every node, and sends money from one to another at random.
// The sum over all accounts, and all money on its way, never changes.
//
//	chandy call n1 '{"type":"balance"}'
//	chandy call n1 '{"type":"transfer","to":"n2","amount":5}'
//
// Its snapshots need two cases of handle, "snapshot" and "restore", and no more:
//
//   - All that another instance needs to go on from is in one struct, state.
//   - One goroutine takes the messages, in order, and the ticks. It is done with one
//     before it begins the next. So "snapshot" finds every earlier message in the
//     state, none half, and what has been printed until then is what this state has
//     sent.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

const every = 50 * time.Millisecond // one transfer of each node

type message struct {
	Src  string `json:"src"`
	Dest string `json:"dest"`
	Body body   `json:"body"`
}

// body is that of all messages; of each only some members are there.
type body struct {
	Type      string          `json:"type"`
	MsgID     json.RawMessage `json:"msg_id,omitempty"`
	InReplyTo json.RawMessage `json:"in_reply_to,omitempty"`
	NodeID    string          `json:"node_id,omitempty"`
	NodeIDs   []string        `json:"node_ids,omitempty"`
	To        string          `json:"to,omitempty"`
	Amount    int64           `json:"amount,omitempty"`
	Balance   *int64          `json:"balance,omitempty"`
	State     *state          `json:"state,omitempty"`
	Code      int             `json:"code,omitempty"`
	Text      string          `json:"text,omitempty"`
}

type state struct {
	Balance int64 `json:"balance"`
}

type bank struct {
	id     string
	others []string
	ticks  <-chan time.Time // nil, which never comes, until init
	out    *json.Encoder
	state  state
}

func main() {
	log.SetFlags(0)
	b := &bank{out: json.NewEncoder(os.Stdout), state: state{Balance: 1000}}
	messages := make(chan message)
	go read(messages)
	for {
		select {
		case m, ok := <-messages:
			if !ok { // the end of the input is the end
				return
			}
			b.handle(m.Src, m.Body)
		case <-b.ticks:
			if len(b.others) > 0 && b.state.Balance > 0 {
				b.pay(b.others[rand.IntN(len(b.others))], 1+rand.Int64N(min(10, b.state.Balance)))
			}
		}
	}
}

func read(messages chan<- message) {
	for in := json.NewDecoder(os.Stdin); ; {
		var m message
		switch err := in.Decode(&m); {
		case errors.Is(err, io.EOF):
			close(messages)
			return
		case err != nil:
			log.Fatal(err)
		}
		messages <- m
	}
}

func (b *bank) send(to string, body body) { b.out.Encode(message{b.id, to, body}) }

// pay sends money that is there. A channel loses and doubles nothing: so it arrives
// once.
func (b *bank) pay(to string, amount int64) {
	b.state.Balance -= amount
	b.send(to, body{Type: "money", Amount: amount})
}

func (b *bank) handle(src string, m body) {
	reply := func(r body) { r.InReplyTo = m.MsgID; b.send(src, r) }
	switch m.Type {
	case "init":
		b.id = m.NodeID
		b.others = slices.DeleteFunc(m.NodeIDs, func(id string) bool { return id == b.id })
		b.ticks = time.Tick(every)
		reply(body{Type: "init_ok"})
	case "money":
		b.state.Balance += m.Amount
	case "balance":
		reply(body{Type: "balance_ok", Balance: &b.state.Balance})
	case "transfer":
		if m.Amount <= 0 || m.Amount > b.state.Balance || !slices.Contains(b.others, m.To) {
			reply(body{Type: "error", Code: 22, Text: "no such node, or not so much money"})
			return
		}
		b.pay(m.To, m.Amount)
		reply(body{Type: "transfer_ok"})
	case "snapshot":
		reply(body{Type: "snapshot_ok", State: &b.state})
	case "restore":
		b.state = *m.State
		reply(body{Type: "restore_ok"})
	default:
		if m.MsgID != nil {
			reply(body{Type: "error", Code: 10, Text: "what is " + m.Type + "?"})
		}
	}
}
