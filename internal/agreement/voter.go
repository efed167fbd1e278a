package agreement

import (
	"fmt"
	"slices"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// ballot is the proposal to which this process is bound. There is at most one. A process
// that has voted yes stays bound until it has read the decision: before, a commit may lie
// in the store that relies on what is loaded.
type ballot struct {
	Propose
	stage stage
	to    []snapshot.ProcessID // proposers that get the vote
}

type stage int

// The stages of a ballot.
const (
	checking stage = iota // until the store was read
	loading
	loaded // and voted yes
)

// proposed takes a proposal of a process, which may be this one.
func (a *Agent) proposed(from snapshot.ProcessID, m Propose) {
	b := a.ballot
	if b != nil && b.Dry && !m.Dry {
		a.refuse("a restore has begun")
		b = nil
	}
	switch n := a.next; {
	case b.same(m):
		b.add(from)
		if b.stage == loaded {
			a.vote(from, b.Propose, "")
		}
	case n.same(m):
		n.add(from)
	case b != nil && !b.Dry && b.Number < m.Number && n == nil: // is the lower number decided?
		a.next = &ballot{Propose: m, to: []snapshot.ProcessID{from}}
		a.read()
	case b != nil:
		a.vote(from, m, "bound to "+b.Proposal.String())
	case m.Number <= a.decided:
		a.vote(from, m, fmt.Sprintf("number %d is decided", m.Number))
	default:
		a.bind(&ballot{Propose: m, to: []snapshot.ProcessID{from}})
		a.read()
	}
}

// same reports whether a proposal is the one of the ballot. Equal proposals are one
// proposal, whichever process made them.
func (b *ballot) same(m Propose) bool {
	return b != nil && b.Proposal == m.Proposal && b.Dry == m.Dry
}

func (b *ballot) add(from snapshot.ProcessID) {
	if !slices.Contains(b.to, from) {
		b.to = append(b.to, from)
	}
}

func (a *Agent) bind(b *ballot) {
	a.ballot = b
	if b.to[0] != a.self { // what this process proposes has OrderDeadline
		a.do(Alarm{VoteDeadline, b.Left})
	}
}

// turnToNext takes the proposal that came while this process was bound to a lower number.
func (a *Agent) turnToNext() {
	n := a.next
	a.next = nil
	switch {
	case n == nil:
	case a.ballot == nil:
		a.bind(n)
	default:
		for _, to := range n.to {
			a.vote(to, n.Propose, "bound to "+a.ballot.Proposal.String())
		}
	}
}

// check looks whether the store agrees with the proposal.
func (a *Agent) check(r saved.Reading) {
	b := a.ballot
	if b == nil || b.stage != checking {
		return
	}
	id, manifest := latest(r)
	switch recovery := b.Kind == saved.Recovery; {
	case recovery && a.saving > 0: // SaveEnded goes on
	case recovery && b.Store != "" && b.Store != r.Store: // read again by Poll: a refusal would cost a number
		a.do(Wait{otherStore(b.Store, r.Store)})
	case b.Store != r.Store:
		a.refuse(otherStore(b.Store, r.Store))
	case b.Number != r.Decided+1:
		a.refuse(fmt.Sprintf("the next number is %d", r.Decided+1))
	case b.Ends != r.Epoch():
		a.refuse(fmt.Sprintf("the epoch is %d", r.Epoch()))
	case recovery && (id != b.Snapshot || manifest != b.Manifest):
		a.refuse(fmt.Sprintf("the newest saved snapshot is %s", id))
	default:
		b.stage = loading
		a.do(Load{b.Proposal})
	}
}

// Loaded answers [Load].
func (a *Agent) Loaded(err error) []Effect {
	switch b := a.ballot; {
	case b == nil || b.stage != loading:
	case err != nil:
		a.refuse(err.Error())
	default:
		b.stage = loaded
		if b.Dry {
			a.unbind()
		}
		for _, to := range b.to {
			a.vote(to, b.Propose, "")
		}
	}
	return a.effects()
}

// refuse votes no, or takes back a vote that decides nothing, and is not bound any more.
func (a *Agent) refuse(why string) {
	b := a.ballot
	a.unbind()
	for _, to := range b.to {
		a.vote(to, b.Propose, why)
	}
}

func (a *Agent) unbind() {
	if a.ballot.stage != checking {
		a.do(Drop{})
	}
	a.ballot = nil
}

func (a *Agent) vote(to snapshot.ProcessID, m Propose, no string) {
	v := Vote{Proposal: m.Proposal, Dry: m.Dry, Incarnation: a.incarnation, No: no}
	if to == a.self {
		a.voted(to, v)
		return
	}
	a.do(Send{to, v})
}

// voteIsLate creates an abort, unless there is a decision already. It stays bound until it
// has read which.
func (a *Agent) voteIsLate() {
	switch b := a.ballot; {
	case b == nil:
	case b.Dry:
		a.refuse("the deadline has passed")
	default:
		a.create(b.decision(saved.Abort, a.self, a.late()), false)
	}
}

// create creates a decision, unless this process is doing so already.
func (a *Agent) create(d saved.Decision, makeStore bool) {
	if a.creation(d.Number) < 0 {
		a.creating = append(a.creating, creation{d, asked, makeStore})
		a.do(Create{d, makeStore})
	}
}

// creation returns the index of a number in creating, or -1.
func (a *Agent) creation(number uint64) int {
	return slices.IndexFunc(a.creating, func(c creation) bool { return c.Number == number })
}

// MaySave reports whether this process may create a manifest. It must not between its
// vote on a recovery and the decision, which would undo what a user takes for saved.
func (a *Agent) MaySave() bool {
	recovery := a.ballot != nil && a.ballot.Kind == saved.Recovery && !a.ballot.Dry && a.ballot.stage != checking
	return !recovery && !a.recovering()
}

// SaveBegun reports that the caller creates a manifest. MaySave must be true.
func (a *Agent) SaveBegun() { a.saving++ }

// SaveEnded reports that the caller knows what became of a manifest.
func (a *Agent) SaveEnded() []Effect {
	a.saving--
	if a.ballot != nil && a.ballot.stage == checking {
		a.read()
	}
	return a.effects()
}
