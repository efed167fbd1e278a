package channel

import (
	"fmt"
	"slices"

	"chandy/snapshot"
)

// Peer is what a process knows of another one: with which incarnation of it the
// channels count, and its own halves of them.
type Peer struct {
	Incarnation snapshot.Incarnation // empty: never heard of
	Out         *Sender              // of the channel to the peer; nil: there is none
	In          *Receiver            // of the channel from the peer; nil: there is none

	dead []snapshot.Incarnation // those before it, the last deadMax
}

const deadMax = 64

// Knows tells whether Meet would find nothing to reset: the incarnation is the one
// that is known, or the first, or one that was replaced before.
func (p *Peer) Knows(incarnation snapshot.Incarnation) bool {
	return p.Incarnation == "" || p.Incarnation == incarnation || slices.Contains(p.dead, incarnation)
}

// Meeting is what Meet found.
type Meeting int

// What Meet found.
const (
	Same      Meeting = iota
	First             // the peer was never heard of before
	Restarted         // a new incarnation: both channels were reset
)

// Discarded is how many messages of the old pair of incarnations a reset threw
// away at this process. What the dead incarnation held is unknown.
type Discarded struct {
	Outbox, Inbox uint64
}

// Meet takes the incarnation that the peer gave in a hello or a welcome. A new
// one means that the peer restarted, and both channels begin again, in one step.
// The error is about one that was replaced before; nothing has changed then.
func (p *Peer) Meet(incarnation snapshot.Incarnation) (Meeting, Discarded, error) {
	switch {
	case incarnation == p.Incarnation:
		return Same, Discarded{}, nil
	case slices.Contains(p.dead, incarnation):
		return Same, Discarded{}, fmt.Errorf("incarnation %s was replaced by %s", incarnation, p.Incarnation)
	case p.Incarnation == "":
		p.Incarnation = incarnation
		return First, Discarded{}, nil
	}
	if p.dead = append(p.dead, p.Incarnation); len(p.dead) > deadMax {
		p.dead = slices.Delete(p.dead, 0, 1)
	}
	p.Incarnation = incarnation
	var lost Discarded
	if p.Out != nil {
		lost.Outbox = uint64(p.Out.Waiting())
		*p.Out = Sender{Rule: p.Out.Rule, FreeList: p.Out.FreeList}
	}
	if p.In != nil {
		lost.Inbox = uint64(p.In.Waiting())
		*p.In = Receiver{Rule: p.In.Rule, Window: p.In.Window, FreeList: p.In.FreeList}
	}
	return Restarted, lost, nil
}
