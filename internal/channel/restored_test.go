package channel

import (
	"testing"

	"chandy/internal/explore"
	"chandy/snapshot"
)

// cut is what two halves of a channel have of a saved snapshot: the sender the messages
// acked+1 … sent, and the receiver received+1 … arrived.
type cut struct{ acked, sent, received, arrived uint64 }

// restoredTag is in the messages of a cut. The first incarnations go on with it.
var restoredTag = tag{life: 1}

// refill fills the halves of a process with their part of the cut. The commit lists the
// incarnations, so each process knows the other one.
func (l *local) refill() {
	for i, to := range l.out() {
		p := l.peer(to)
		p.Incarnation = incarnation(to, 1)
		l.hooks.refillOut(p.Out, l.cut.acked, restored(l.cut.acked, l.cut.sent), messageBytes*l.cut.sent)
		l.sent[i] = uint8(l.cut.sent)
	}
	for _, from := range l.in() {
		p := l.peer(from)
		p.Incarnation = incarnation(from, 1)
		l.hooks.refillIn(p.In, l.cut.received, restored(l.cut.received, l.cut.arrived), messageBytes*l.cut.received)
		p.from = restoredTag
	}
}

// restored returns the messages after+1 … through.
func restored(after, through uint64) []snapshot.Batch {
	b := snapshot.Batch{First: after + 1}
	for seq := after + 1; seq <= through; seq++ {
		b.Append(message(restoredTag, 0, seq))
	}
	return []snapshot.Batch{b}
}

// restoredScope sends one message and one marker more than the cut has.
func restoredScope(rule Rule, c cut) *scope {
	s := channelScope("", rule, oneWay, int(c.sent)+1, 1, 1, 0)
	s.cut = &c
	return s
}

// TestExploreRestored goes through every cut of one channel with at most three messages. The
// halves begin at different messages: everything arrives once, and the window holds.
func TestExploreRestored(t *testing.T) {
	explore.Small.Skip(t)
	t.Parallel()
	cuts, states := 0, 0
	for _, rule := range []Rule{InOrder, Ahead} {
		for sent := range uint64(4) {
			for arrived := range sent + 1 {
				for acked := range arrived + 1 {
					for received := arrived - min(arrived, 2); received <= arrived; received++ { // the window takes two
						x := newExplorer(restoredScope(rule, cut{acked, sent, received, arrived}))
						for _, f := range x.Run() {
							t.Errorf("%+v under rule %d: found by %s", *x.cut, rule, f)
						}
						cuts, states = cuts+1, states+x.States()
					}
				}
			}
		}
	}
	t.Logf("%d cuts, %d states", cuts, states)
}

// restoredFaults are about the halves after a restore.
var restoredFaults = []plantedFault{
	{
		"a restored message keeps its stamp at the sender", inTheMiddle, []string{checkOutbox},
		func(h *hooks) {
			h.refillOut = func(s *Sender, acked uint64, unacked []snapshot.Batch, bytes uint64) {
				s.Refill(acked, unacked, bytes)
				s.outbox[0].stamp = 1
			}
		},
	},
	{
		"a restored message keeps its stamp at the receiver", inTheMiddle, []string{checkProgress},
		func(h *hooks) {
			h.refillIn = func(r *Receiver, received uint64, messages []snapshot.Batch, bytes uint64) {
				r.Refill(received, messages, bytes)
				r.inbox[0].stamp = 7
			}
		},
	},
	{
		"the ordinals of markers go on at the sender", inTheMiddle, []string{checkAcked},
		func(h *hooks) {
			h.refillOut = func(s *Sender, acked uint64, unacked []snapshot.Batch, bytes uint64) {
				s.Refill(acked, unacked, bytes)
				s.markerSent, s.markerAcked, s.markerWritten = 3, 3, 3
			}
		},
	},
	{
		"the sender counts bytes of its own", inTheMiddle, []string{checkViolation},
		func(h *hooks) {
			h.refillOut = func(s *Sender, acked uint64, unacked []snapshot.Batch, _ uint64) {
				s.Refill(acked, unacked, uint64(len(unacked[0].Body)))
			}
		},
	},
	{
		"the receiver counts bytes of its own", beyondTheWindow, []string{checkProgress},
		func(h *hooks) {
			h.refillIn = func(r *Receiver, received uint64, messages []snapshot.Batch, _ uint64) {
				r.Refill(received, messages, 0)
			}
		},
	},
	{
		"the sender takes what is not acknowledged for acknowledged", inTheMiddle, []string{checkAcked},
		func(h *hooks) {
			h.refillOut = func(s *Sender, acked uint64, unacked []snapshot.Batch, bytes uint64) {
				s.Refill(acked+uint64(unacked[0].Count), nil, bytes)
			}
		},
	},
	{
		"a message beyond the cut stays with the receiver", inTheMiddle, []string{checkAcked},
		func(h *hooks) {
			h.refillIn = func(r *Receiver, received uint64, messages []snapshot.Batch, bytes uint64) {
				for seq := messages[0].Last() + 1; seq <= 4; seq++ {
					messages[0].Append(message(tag{1, 1}, 0, seq)) // it was sent in the epoch before
				}
				r.Refill(received, messages, bytes)
			}
		},
	},
}

func inTheMiddle() *scope {
	return restoredScope(Ahead, cut{acked: 1, sent: 3, received: 1, arrived: 2})
}

// beyondTheWindow has more bytes received than the window takes.
func beyondTheWindow() *scope {
	return restoredScope(Ahead, cut{acked: 2, sent: 3, received: 2, arrived: 2})
}
