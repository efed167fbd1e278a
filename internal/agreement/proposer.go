package agreement

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// ErrRemoved is wrapped by the error of [Agent.Kept] if the snapshot was removed. No other
// try can succeed.
var ErrRemoved = errors.New("the snapshot was removed")

// Order is what somebody asks for: to go to a snapshot.
type Order struct {
	Kind       saved.Kind
	Snapshot   snapshot.ID // of a restore by hand
	Manifest   string      // sha256 of its manifest
	Held       bool
	BranchLeft uint64
	Dry        bool          // only the votes are wanted
	Timeout    time.Duration // until the decision
}

// attempt is what this process does about an [Order]. There is at most one.
type attempt struct {
	Order
	phase    phase
	proposal Proposal
	votes    []*Vote // by peer; nil if it has not voted
	crashes  []saved.Crash
}

type phase int

// The phases of an attempt.
const (
	gathering phase = iota // until every process was heard
	looking                // until the store was read
	marking                // until the snapshot is kept
	voting
	deciding
)

// Restore begins a restore by hand. [Ended] reports how it ends. The error says why it
// cannot begin. A recovery that this process has not proposed yet gives way.
func (a *Agent) Restore(o Order) ([]Effect, error) {
	switch t := a.attempt; {
	case t != nil && t.Kind == saved.ByHand:
		return nil, fmt.Errorf("a restore to %s is under way at this process", t.Snapshot)
	case t != nil && t.phase > gathering:
		return nil, fmt.Errorf("a recovery is under way: %s", t.proposal)
	case a.ballot != nil && !a.ballot.Dry:
		return nil, errors.New(UnderWay + a.ballot.Proposal.String())
	}
	o.Kind = saved.ByHand
	a.attempt = &attempt{Order: o}
	a.do(Alarm{OrderDeadline, o.Timeout})
	return a.effects(), nil
}

// gather goes on when every process was heard. A proposal without all processes would only
// cost a number per deadline.
func (a *Agent) gather() {
	if t := a.attempt; t != nil && t.phase == gathering && a.absent() == "" {
		t.phase = looking
		a.read()
	}
}

// absent names the processes that were not heard.
func (a *Agent) absent() string {
	var all []string
	for _, p := range a.peers {
		if !p.heard {
			all = append(all, string(p.id))
		}
	}
	return strings.Join(all, ", ")
}

// UnderWay begins why an attempt has ended of a process that has voted for another proposal
// meanwhile. Between two that want the same recovery that is usual.
const UnderWay = "another one is under way: "

// propose makes the proposal from a reading.
func (a *Agent) propose(r saved.Reading) {
	t := a.attempt
	switch {
	case t == nil || t.phase != looking:
		return
	case a.ballot != nil && !a.ballot.Dry:
		a.end(0, UnderWay+a.ballot.Proposal.String())
		return
	case t.Kind == saved.Recovery && Blocked(r, a.options.Older) != "":
		a.end(0, Blocked(r, a.options.Older))
		return
	}
	t.proposal = Proposal{
		Kind: t.Kind, Ends: r.Epoch(), Number: r.Decided + 1, Snapshot: t.Snapshot, Manifest: t.Manifest,
		Held: t.Held, BranchLeft: t.BranchLeft, Store: r.Store,
	}
	if p := &t.proposal; t.Kind == saved.Recovery {
		p.Snapshot, p.Manifest = latest(r)
		t.crashes = a.crashes(r, p.Snapshot)
		p.Held = a.held || loops(t.crashes)
		a.do(Alarm{OrderDeadline, recoveryTimeout})
	}
	if t.Dry || t.proposal.Snapshot == "" {
		a.ask()
		return
	}
	t.phase = marking
	a.keep()
}

func (a *Agent) keep() {
	a.keeping = idle
	if t := a.attempt; t != nil && t.phase == marking {
		a.keeping = asked
		a.do(Keep{t.proposal.Snapshot, t.proposal.Number})
	}
}

// Kept answers [Keep]; an error that does not wrap [ErrRemoved] is tried again.
func (a *Agent) Kept(id snapshot.ID, number uint64, err error) []Effect {
	switch t := a.attempt; {
	case t == nil || t.phase != marking || t.proposal.Snapshot != id || t.proposal.Number != number:
	case errors.Is(err, ErrRemoved):
		a.end(0, err.Error())
	case err != nil:
		a.fail(&a.keeping)
	default:
		a.ask()
	}
	return a.effects()
}

// ask asks every process for its vote.
func (a *Agent) ask() {
	t := a.attempt
	t.phase, t.votes = voting, make([]*Vote, len(a.peers))
	if t.proposal.Store == "" {
		a.askLater()
	}
	a.tell(Propose{Proposal: t.proposal, Dry: t.Dry})
	a.proposed(a.self, Propose{Proposal: t.proposal, Dry: t.Dry})
}

// askAgain asks a process that was heard again, since the proposal or the vote may have
// got lost with the connection.
func (a *Agent) askAgain(p *peer) {
	if t := a.attempt; t != nil && t.phase == voting && p.id != a.self && t.votes[a.index(p)] == nil {
		a.do(Send{p.id, Propose{Proposal: t.proposal, Dry: t.Dry}})
	}
}

// forgetVote drops the vote of an incarnation that has ended.
func (a *Agent) forgetVote(p *peer) {
	if t := a.attempt; t != nil && t.phase == voting {
		t.votes[a.index(p)] = nil
	}
}

func (a *Agent) index(p *peer) int {
	for i := range a.peers {
		if &a.peers[i] == p {
			return i
		}
	}
	panic("bug: no such peer")
}

// voted takes a vote. A vote of another incarnation than the one that was heard last is
// late.
func (a *Agent) voted(from snapshot.ProcessID, v Vote) {
	t, p := a.attempt, a.peer(from)
	if t == nil || t.phase != voting || v.Proposal != t.proposal || v.Dry != t.Dry || v.Incarnation != p.incarnation {
		return
	}
	t.votes[a.index(p)] = &v
	switch {
	case v.No != "" && !t.Dry && t.proposal.Store == "":
		t.votes[a.index(p)] = nil
		a.do(Wait{fmt.Sprintf("%s votes no: %s", from, v.No)})
	case v.No != "" && !t.Dry:
		a.decide(t.proposal.decision(saved.Abort, a.self, fmt.Sprintf("%s votes no: %s", from, v.No)))
	case a.allVoted() && t.Dry:
		a.end(0, "")
	case a.allVoted():
		d := t.proposal.decision(saved.Commit, a.self, "")
		d.Voters, d.Crashes = a.voters(), t.crashes
		a.decide(d)
	}
}

func (a *Agent) allVoted() bool {
	for _, v := range a.attempt.votes {
		if v == nil {
			return false
		}
	}
	return true
}

func (a *Agent) voters() (all []saved.Node) {
	for i, v := range a.attempt.votes {
		all = append(all, saved.Node{Process: a.peers[i].id, Incarnation: v.Incarnation})
	}
	slices.SortFunc(all, func(v, w saved.Node) int { return strings.Compare(string(v.Process), string(w.Process)) })
	return all
}

func (a *Agent) decide(d saved.Decision) {
	a.attempt.phase = deciding
	a.create(d, d.Verdict == saved.Commit && a.attempt.proposal.Store == "")
}

// orderIsLate ends the attempt at its deadline. What may be decided gets an abort first.
func (a *Agent) orderIsLate() {
	switch t := a.attempt; {
	case t == nil:
	case t.phase == gathering && t.Kind == saved.ByHand:
		a.end(0, "not heard in time: "+a.absent())
	case t.phase == gathering:
	case t.phase < voting || t.Dry:
		a.end(0, a.late())
	case t.phase == voting && t.proposal.Store == "": // see store.go
	case t.phase == voting:
		a.decide(t.proposal.decision(saved.Abort, a.self, a.late()))
	}
}

// late says that a deadline has passed and, if this process knows, whose votes are missing.
func (a *Agent) late() string {
	var silent []string
	if t := a.attempt; t != nil && t.phase == voting {
		for i, v := range t.votes {
			if v == nil {
				silent = append(silent, string(a.peers[i].id))
			}
		}
	}
	if len(silent) == 0 {
		return "the deadline has passed"
	}
	return "not all have voted in time: no vote of " + strings.Join(silent, ", ")
}

// conclude ends the attempt if its number is decided.
func (a *Agent) conclude() {
	t := a.attempt
	switch {
	case t == nil || t.Dry || t.phase < marking || t.proposal.Number > a.decided || a.creation(t.proposal.Number) >= 0:
	case t.is(&a.commit):
		a.end(a.commit.Number, "")
	case t.proposal.Number <= a.commit.Number:
		a.end(0, "another one was decided first: "+decided(&a.commit).String())
	default:
		a.end(0, fmt.Sprintf("number %d was aborted", t.proposal.Number))
	}
}

// end ends the attempt. A recovery is tried again if it is still needed.
func (a *Agent) end(committed uint64, why string) {
	t := a.attempt
	a.attempt, a.keeping = nil, idle
	if t.Dry && a.ballot != nil && a.ballot.Dry && a.ballot.Proposal == t.proposal {
		a.unbind()
	}
	if t.Kind == saved.Recovery {
		a.recoverLater(retryRecoveryAfter)
	}
	e := Ended{Order: t.Order, Committed: committed, Why: why}
	for i, v := range t.votes {
		if t.Dry && v != nil {
			e.Votes = append(e.Votes, Voted{a.peers[i].id, v.No})
		}
	}
	a.do(e)
}
