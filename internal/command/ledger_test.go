package command

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"chandy/snapshot"
)

// ledger is a program for kind "exec". Each of its processes has an account and sends
// money to all processes, itself included. The messages to a process are numbered from 1.
// A ledger ends with an error if a message is lost, doubled or reordered.
type ledger struct {
	out   *bufio.Writer
	peers []snapshot.ProcessID
	self  snapshot.ProcessID
	old   map[snapshot.ProcessID]map[string]bool // lives that were replaced
	state ledgerState
}

// ledgerState is the local state of a ledger.
type ledgerState struct {
	Life     string                          `json:"life"` // differs at each start
	Balance  int64                           `json:"balance"`
	Sent     map[snapshot.ProcessID]uint64   `json:"sent"`
	Received map[snapshot.ProcessID]*receipt `json:"received"`
}

// receipt is what a ledger has received from one life of a peer: the messages First to
// Last.
type receipt struct {
	Life  string `json:"life"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// ledgerLine is a line of Maelstrom's protocol, with the bodies that a ledger knows.
type ledgerLine struct {
	Src  snapshot.ProcessID `json:"src"`
	Dest snapshot.ProcessID `json:"dest"`
	Body ledgerBody         `json:"body"`
}

type ledgerBody struct {
	Type    string               `json:"type"`
	ID      json.RawMessage      `json:"msg_id,omitempty"`
	ReplyTo json.RawMessage      `json:"in_reply_to,omitempty"`
	Node    snapshot.ProcessID   `json:"node_id,omitempty"`
	Nodes   []snapshot.ProcessID `json:"node_ids,omitempty"`
	Rate    float64              `json:"rate,omitempty"`   // of "pace": transfers a second
	Life    string               `json:"life,omitempty"`   // of "transfer": the sender's life
	Number  uint64               `json:"number,omitempty"` // of "transfer"
	Amount  int64                `json:"amount,omitempty"` // of "transfer"
	Pad     string               `json:"pad,omitempty"`    // of "transfer": see ledgerPad
	State   *ledgerState         `json:"state,omitempty"`  // of "snapshot_ok"
}

const (
	ledgerBalance = 1000 // of each account at the start
	ledgerMax     = 10   // the largest transfer
)

// ledgerPad returns what makes a transfer long. Most transfers are short; some have up to
// 140 KB, which travel in fragments.
func ledgerPad(number uint64) string {
	if number%200 != 7 {
		return ""
	}
	return strings.Repeat(fmt.Sprint(number, ","), int(number*7919%20_000))
}

// runLedger is the main function of a ledger. Its arguments are the number of transfers a
// second, and the folder of its gate, which may be left out.
func runLedger() {
	rate, err := strconv.ParseFloat(os.Args[1], 64)
	if err != nil {
		panic(err)
	}
	l := &ledger{
		out: bufio.NewWriterSize(os.Stdout, 64<<10),
		old: map[snapshot.ProcessID]map[string]bool{},
		state: ledgerState{
			Life: fmt.Sprintf("%x", rand.Uint64()), Balance: ledgerBalance,
			Sent: map[snapshot.ProcessID]uint64{}, Received: map[snapshot.ProcessID]*receipt{},
		},
	}
	if err := l.run(stdinLines(), rate); err != io.EOF {
		fmt.Fprintln(os.Stderr, "ledger:", err)
		os.Exit(1)
	}
}

// run takes one line after the other, so that its state is exact.
func (l *ledger) run(lines <-chan []byte, rate float64) error {
	tick := time.NewTicker(10 * time.Millisecond)
	last, due := time.Now(), 0.0
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return io.EOF
			}
			var m ledgerLine
			if err := json.Unmarshal(line, &m); err != nil {
				return err
			}
			if m.Body.Type == "pace" {
				rate = m.Body.Rate
			}
			if err := l.take(m); err != nil {
				return err
			}
		case now := <-tick.C:
			due, last = min(due+rate*now.Sub(last).Seconds(), rate), now
			for ; due >= 1; due-- {
				l.pay()
			}
		}
		if err := l.out.Flush(); err != nil {
			return err
		}
	}
}

// take handles a line. A request that it does not know gets no reply.
func (l *ledger) take(m ledgerLine) error {
	reply := ledgerBody{Type: m.Body.Type + "_ok", ReplyTo: m.Body.ID}
	switch m.Body.Type {
	case "transfer":
		return l.receive(m.Src, m.Body)
	case "init":
		l.self, l.peers = m.Body.Node, m.Body.Nodes
	case "snapshot":
		reply.State = &l.state
	case "restore":
		if len(os.Args) > 2 {
			pass(filepath.Join(os.Args[2], string(l.self)))
		}
		l.state = *m.Body.State
	case "pace", "balance":
	default:
		return nil
	}
	return l.print(m.Src, reply)
}

// pass waits at a gate, a socket that keeps a process until it hangs up. A gate that is not
// there is open.
func pass(gate string) {
	socket, err := net.Dial("unix", gate)
	if err != nil {
		return
	}
	io.Copy(io.Discard, socket)
	socket.Close()
}

func (l *ledger) print(to snapshot.ProcessID, body ledgerBody) error {
	return json.NewEncoder(l.out).Encode(ledgerLine{l.self, to, body})
}

// pay sends a random amount to a random process.
func (l *ledger) pay() {
	if len(l.peers) == 0 || l.state.Balance == 0 {
		return
	}
	to, amount := l.peers[rand.IntN(len(l.peers))], 1+rand.Int64N(min(ledgerMax, l.state.Balance))
	l.state.Balance -= amount
	l.state.Sent[to]++
	l.print(to, ledgerBody{Type: "transfer", Life: l.state.Life, Number: l.state.Sent[to], Amount: amount, Pad: ledgerPad(l.state.Sent[to])})
}

// receive counts a transfer. While both lives go on, each number is one more than the
// number before. This ledger may be younger than the sender, so its first number can be
// any. But a sender that has started since begins with 1.
func (l *ledger) receive(from snapshot.ProcessID, b ledgerBody) error {
	r := l.state.Received[from]
	switch {
	case r == nil:
		r = &receipt{Life: b.Life, First: b.Number, Last: b.Number - 1}
		l.state.Received[from] = r
	case r.Life != b.Life && l.old[from][b.Life]:
		return fmt.Errorf("from %s: got message %d of a life that was replaced", from, b.Number)
	case r.Life != b.Life:
		if l.old[from] == nil {
			l.old[from] = map[string]bool{}
		}
		l.old[from][r.Life] = true
		*r = receipt{Life: b.Life, First: 1}
	}
	if b.Number != r.Last+1 || b.Pad != ledgerPad(b.Number) {
		return fmt.Errorf("from %s: got message %d with a pad of %d bytes, want %d", from, b.Number, len(b.Pad), r.Last+1)
	}
	r.Last = b.Number
	l.state.Balance += b.Amount
	return nil
}
