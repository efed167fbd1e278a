package channel

import (
	"fmt"
	"slices"

	"chandy/snapshot"
)

// Peer is what a process knows of another process: the incarnation with which the
// channels count, and this process's halves of them.
type Peer struct {
	Incarnation snapshot.Incarnation // empty before the first Meet
	Out         *Sender              // channel to the peer; nil if there is none
	In          *Receiver            // channel from the peer; nil if there is none

	dead []snapshot.Incarnation // replaced incarnations, the last deadMax
}

const deadMax = 64

// Knows reports whether Meet would reset nothing. That is so if the incarnation is the
// current one, the first one, or one that was replaced before.
func (p *Peer) Knows(incarnation snapshot.Incarnation) bool {
	return p.Incarnation == "" || p.Incarnation == incarnation || slices.Contains(p.dead, incarnation)
}

// Meeting is the outcome of Meet.
type Meeting int

// The outcomes of Meet.
const (
	Same      Meeting = iota
	First             // the first incarnation of the peer
	Restarted         // a new incarnation: both channels were reset
)

// Discarded is how many messages of the old pair of incarnations a reset threw
// away at this process. What the dead incarnation held is unknown.
type Discarded struct {
	Outbox, Inbox uint64
}

// Meet takes the incarnation from a hello or a welcome of the peer. A new incarnation
// means that the peer restarted: Meet resets both channels in one step. It returns an
// error for an incarnation that was replaced before. Nothing has changed then.
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
