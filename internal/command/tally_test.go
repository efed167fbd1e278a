package command

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"chandy/snapshot"
)

// tally is a program for kind "exec" that can be restored. Each of its processes sends
// numbered messages to all others, and ends with an error if one is lost, doubled or
// reordered. It collects the keys that clients add. testdata/tally.py and tally.js are the
// same program in other languages.
type tally struct {
	out   *json.Encoder
	self  snapshot.ProcessID
	all   []snapshot.ProcessID
	epoch uint64
	asks  snapshot.ProcessID // the service that it asks to count; empty if there is none
	state tallyState
}

type tallyState struct {
	Sent     map[snapshot.ProcessID]uint64 `json:"sent"`     // number of the last message to a process
	Received map[snapshot.ProcessID]uint64 `json:"received"` // and from one
	Keys     []string                      `json:"keys"`
	Waiting  []adding                      `json:"waiting"` // not answered yet
	Asked    uint64                        `json:"asked"`   // msg_id of the last request to the service
	Answered uint64                        `json:"answered"`
}

// adding is a client's request to add a key.
type adding struct {
	Client snapshot.ProcessID `json:"client"`
	ID     json.RawMessage    `json:"msg_id"`
	Key    string             `json:"key"`
	After  int                `json:"after"` // ticks until the answer
}

type tallyLine struct {
	Src  snapshot.ProcessID `json:"src"`
	Dest snapshot.ProcessID `json:"dest"`
	Body tallyBody          `json:"body"`
}

type tallyBody struct {
	Type    string               `json:"type"`
	ID      json.RawMessage      `json:"msg_id,omitempty"`
	ReplyTo json.RawMessage      `json:"in_reply_to,omitempty"`
	Node    snapshot.ProcessID   `json:"node_id,omitempty"`
	Nodes   []snapshot.ProcessID `json:"node_ids,omitempty"`
	Epoch   uint64               `json:"epoch,omitempty"`
	Number  uint64               `json:"number,omitempty"` // of "count"
	Key     string               `json:"key,omitempty"`    // of "add"
	After   int                  `json:"after,omitempty"`  // of "add"
	Index   *int                 `json:"index,omitempty"`  // of "add_ok": the place of the key
	State   *tallyState          `json:"state,omitempty"`
	Code    int                  `json:"code,omitempty"`
	Text    string               `json:"text,omitempty"`
	From    *uint64              `json:"from,omitempty"` // of "cas"
	To      *uint64              `json:"to,omitempty"`
	Create  bool                 `json:"create_if_not_exists,omitempty"`
}

// runTally is the main function of a tally. Its argument, if any, is the service that it asks.
func runTally() {
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	t := &tally{out: json.NewEncoder(out), epoch: 1, state: tallyState{
		Sent: map[snapshot.ProcessID]uint64{}, Received: map[snapshot.ProcessID]uint64{}, Keys: []string{}, Waiting: []adding{},
	}}
	if len(os.Args) > 1 {
		t.asks = snapshot.ProcessID(os.Args[1])
	}
	tick := time.NewTicker(10 * time.Millisecond)
	for lines := stdinLines(); ; out.Flush() {
		select {
		case line, ok := <-lines:
			if !ok {
				return
			}
			var m tallyLine
			err := json.Unmarshal(line, &m)
			if err == nil {
				err = t.take(m)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "tally:", err)
				os.Exit(1)
			}
		case <-tick.C:
			t.tick()
		}
	}
}

func (t *tally) print(to snapshot.ProcessID, b tallyBody) { t.out.Encode(tallyLine{t.self, to, b}) }

// tick answers the clients that have waited long enough, and sends a message to each other process.
func (t *tally) tick() {
	left := []adding{}
	for _, a := range t.state.Waiting {
		if a.After--; a.After > 0 {
			left = append(left, a)
			continue
		}
		index := len(t.state.Keys)
		t.state.Keys = append(t.state.Keys, a.Key)
		t.print(a.Client, tallyBody{Type: "add_ok", ReplyTo: a.ID, Index: &index, Epoch: t.epoch})
	}
	t.state.Waiting = left
	for _, to := range t.all {
		if to != t.self {
			t.state.Sent[to]++
			t.print(to, tallyBody{Type: "count", Number: t.state.Sent[to]})
		}
	}
	if t.asks != "" && t.self != "" && t.state.Asked == t.state.Answered {
		from := t.state.Asked
		t.state.Asked++
		to := t.state.Asked
		t.print(t.asks, tallyBody{Type: "cas", ID: fmt.Append(nil, to), Key: string(t.self), From: &from, To: &to, Create: true})
	}
}

func (t *tally) take(m tallyLine) error {
	reply := tallyBody{Type: m.Body.Type + "_ok", ReplyTo: m.Body.ID}
	switch m.Body.Type {
	case "init":
		t.self, t.all = m.Body.Node, m.Body.Nodes
		t.epoch = max(t.epoch, m.Body.Epoch)
	case "count":
		if want := t.state.Received[m.Src] + 1; m.Body.Number != want {
			return fmt.Errorf("from %s: got message %d, want %d", m.Src, m.Body.Number, want)
		}
		t.state.Received[m.Src]++
		return nil
	case "add":
		t.state.Waiting = append(t.state.Waiting, adding{m.Src, m.Body.ID, m.Body.Key, m.Body.After})
		return nil
	case "cas_ok":
		if want := fmt.Sprint(t.state.Answered + 1); string(m.Body.ReplyTo) != want {
			return fmt.Errorf("from %s: got a reply to %s, want to %s", m.Src, m.Body.ReplyTo, want)
		}
		t.state.Answered++
		return nil
	case "error":
		return fmt.Errorf("from %s: got error %d (%s), want none", m.Src, m.Body.Code, m.Body.Text)
	case "snapshot":
		reply.State = &t.state
	case "restore":
		t.state = *m.Body.State
	default:
		return nil
	}
	t.print(m.Src, reply)
	return nil
}

// stdinLines returns the lines of stdin. It closes the channel at the end.
func stdinLines() <-chan []byte {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		in := bufio.NewReaderSize(os.Stdin, 64<<10)
		for {
			line, err := in.ReadBytes('\n')
			if err != nil {
				return
			}
			lines <- line
		}
	}()
	return lines
}
