package command

import (
	"encoding/json"
	"fmt"

	"chandy/snapshot"
)

// books checks the snapshots of a cluster of ledgers, each by itself and together with the
// snapshots before it. It is not safe for concurrent use.
type books struct {
	skipped  map[pair]uint64  // see checkChannel
	received map[pair]uint64  // the highest count so far
	sums     map[string]int64 // by the incarnations of all processes
}

// pair is a channel between two incarnations.
type pair struct {
	snapshot.Channel
	from, to snapshot.Incarnation
}

func newBooks() *books {
	return &books{skipped: map[pair]uint64{}, received: map[pair]uint64{}, sums: map[string]int64{}}
}

// check compares a snapshot, complete or partial, with what the ledgers counted. It
// reports whether it could compare the sum of all money.
//
// Money is lost when a process ends and when a channel is reset, but not between two
// complete snapshots of the same incarnations: at both of them each end of a channel had
// learned of the incarnation at the other end already.
func (b *books) check(g *snapshot.Global) (summed bool, err error) {
	states := map[snapshot.ProcessID]*ledgerState{}
	sum, lives, all := int64(0), "", g.Complete()
	for _, p := range g.Processes {
		if p.State.Error != "" { // the ledger did not answer in time
			all = false
			continue
		}
		var s ledgerState
		if err := json.Unmarshal(p.State.Bytes, &s); err != nil {
			return false, fmt.Errorf("state of %s: %w", p.ID, err)
		}
		states[p.ID] = &s
		sum += s.Balance
		lives += fmt.Sprintln(p.ID, p.Incarnation)
	}
	for _, c := range g.Channels {
		if from := states[c.Channel.From]; c.Known && from != nil {
			amount, err := b.checkChannel(c, from, states[c.Channel.To])
			if err != nil {
				return false, fmt.Errorf("%s: %w", c.Channel, err)
			}
			sum += amount
		}
	}
	if !all {
		return false, nil
	}
	want, known := b.sums[lives]
	if len(b.sums) == 0 { // no process has restarted yet
		want, known = int64(ledgerBalance*len(g.Processes)), true
	}
	if known && sum != want {
		return false, fmt.Errorf("got a sum of %d, want %d as before, with the same incarnations", sum, want)
	}
	b.sums[lives] = sum
	return true, nil
}

// checkChannel checks the counts and messages of a channel, and returns the money in
// flight. The state of the receiver may be nil.
//
// The ledger of the sender numbers its messages over its whole life, and the channel from
// its last reset on. The difference is what the ledger had sent before the reset, so it is
// the same in all snapshots of two incarnations. The number of each message in flight must
// have this difference, and so must the counts of both ledgers.
func (b *books) checkChannel(c snapshot.ChannelState, from, to *ledgerState) (amount int64, err error) {
	p := pair{c.Channel, c.SeenByReceiver, c.SeenBySender}
	sent := from.Sent[c.Channel.To]
	skipped, known := b.skipped[p]
	if !known {
		skipped = sent - min(sent, c.Sent)
		b.skipped[p] = skipped
	}
	if sent != skipped+c.Sent {
		return 0, fmt.Errorf("got sent %d in the state and %d in the channel, want %d more in the state", sent, c.Sent, skipped)
	}
	if to != nil {
		var got receipt
		if r := to.Received[c.Channel.From]; r != nil && r.Life == from.Life {
			got = *r
		}
		want := receipt{}
		if c.Received > 0 {
			want = receipt{from.Life, skipped + 1, skipped + c.Received}
		}
		if got != want {
			return 0, fmt.Errorf("got received %+v in the state, want %+v as in the channel", got, want)
		}
	}
	for _, batch := range c.Messages {
		for seq, payload := range batch.All() {
			var m ledgerLine
			if err := json.Unmarshal(payload, &m); err != nil {
				return 0, fmt.Errorf("message %d: %w", seq, err)
			}
			if m.Body.Number != skipped+seq || m.Body.Life != from.Life || m.Src != c.Channel.From || m.Body.Pad != ledgerPad(m.Body.Number) {
				return 0, fmt.Errorf("message %d: got %.300s, want number %d of life %s", seq, payload, skipped+seq, from.Life)
			}
			amount += m.Body.Amount
		}
	}
	b.received[p] = max(b.received[p], c.Received)
	return amount, nil
}

// messages returns how many messages were received, each once and in order.
func (b *books) messages() (n uint64) {
	for _, received := range b.received {
		n += received
	}
	return n
}
