package agreement

import (
	"errors"
	"strings"
	"testing"
	"time"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// pair is two agents, the first of which is p1. Its effects are told in a story.
type pair struct {
	t     *testing.T
	agent *Agent
	story []string
}

func newPair(t *testing.T, o Options) *pair {
	p := &pair{t: t, agent: New("p1", "p1.1", []snapshot.ProcessID{"p1", "p2"}, o)}
	p.add("starts", p.agent.Start())
	p.add("reads", p.agent.Read(saved.Reading{Decided: 1, Store: "s"}, nil))
	p.add("hears p2", p.agent.Heard("p2", "p2.1", 1))
	return p
}

func (p *pair) add(event string, effects []Effect) {
	p.story = append(p.story, event)
	for _, e := range effects {
		p.story = append(p.story, "  "+e.String())
	}
}

func (p *pair) expect(want string) {
	p.t.Helper()
	if got := strings.Join(p.story, "\n"); got != strings.TrimSpace(want) {
		p.t.Errorf("got\n%s\nwant\n%s", got, strings.TrimSpace(want))
	}
}

func (p *pair) restore(o Order) {
	o.Snapshot, o.Manifest, o.Timeout = "a", "sha", time.Minute
	effects, err := p.agent.Restore(o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.add("is ordered to restore", effects)
}

func voteOf(p Proposal, dry bool, no string) Vote {
	return Vote{Proposal: p, Dry: dry, Incarnation: "p2.1", No: no}
}

var proposal = Proposal{Kind: saved.ByHand, Ends: 1, Number: 2, Snapshot: "a", Manifest: "sha", Store: "s"}

func TestRestoreGoesStepByStep(t *testing.T) {
	p := newPair(t, Options{})
	a := p.agent
	p.restore(Order{})
	p.add("reads", a.Read(saved.Reading{Decided: 1, Store: "s"}, nil))
	p.add("kept", a.Kept("a", 2, nil))
	p.add("reads", a.Read(saved.Reading{Decided: 1, Store: "s"}, nil))
	p.add("loaded", a.Loaded(nil))
	p.add("p2 votes", a.Received("p2", voteOf(proposal, false, "")))
	d := proposal.decision(saved.Commit, "p1", "")
	d.Voters = []saved.Node{{Process: "p1", Incarnation: "p1.1"}, {Process: "p2", Incarnation: "p2.1"}}
	p.add("created", a.Created(2, d, nil))
	p.expect(`
starts
  read the store
reads
  adopt 1 as initial, held false
  alarm poll in 10s
hears p2
is ordered to restore
  alarm order deadline in 1m0s
  read the store
reads
  keep a for 2
  alarm poll in 10s
kept
  send p2: propose 2: by hand, from epoch 1 to a
  read the store
reads
  load 2: by hand, from epoch 1 to a
  alarm poll in 10s
loaded
p2 votes
  create commit 2: by hand, from epoch 1 to a
created
  adopt 2 as listed, held false
  ended: committed 2
  alarm poll in 10s
  send p2: look at 2`)
}

func TestDryRunReportsEachVote(t *testing.T) {
	p := newPair(t, Options{})
	a := p.agent
	p.restore(Order{Dry: true})
	a.Read(saved.Reading{Decided: 1, Store: "s"}, nil)
	a.Read(saved.Reading{Decided: 1, Store: "s"}, nil)
	a.Received("p2", voteOf(proposal, true, "no store"))
	p.story = nil
	p.add("not loaded", a.Loaded(errors.New("a part is missing")))
	p.expect(`
not loaded
  drop
  ended: p1 votes no (a part is missing), p2 votes no (no store)`)
}

func TestRestoreIsRefusedWhileAnotherOneIsUnderWay(t *testing.T) {
	p := newPair(t, Options{})
	p.agent.Received("p2", Propose{Proposal: proposal, Left: time.Second})
	_, err := p.agent.Restore(Order{Snapshot: "b"})
	if want := "another one is under way: 2: by hand, from epoch 1 to a"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRestoreNamesWhoWasNotHeard(t *testing.T) {
	p := newPair(t, Options{})
	p.agent.Lost("p2")
	p.restore(Order{})
	p.story = nil
	p.add("late", p.agent.Rang(OrderDeadline))
	p.expect("late\n  ended: not heard in time: p2")
}

func TestRecoveryStopsAtCorruptSnapshots(t *testing.T) {
	for _, older := range []bool{false, true} {
		p := newPair(t, Options{Recover: true, Older: older})
		r := saved.Reading{Decided: 1, Store: "s", Newest: &saved.Ref{ID: "a", Manifest: "sha"}, Corrupt: []saved.Damaged{{ID: "b", Object: "x", Differ: "y"}}}
		p.add("reads", p.agent.Read(r, nil))
		if got := strings.Contains(strings.Join(p.story, "\n"), "ended: x is corrupt: y; the next older one is a"); got == older {
			t.Errorf("older snapshots allowed %v: got an end %v, want %v", older, got, !older)
		}
		if got := strings.Contains(strings.Join(p.story, "\n"), "keep a for 2"); got != older {
			t.Errorf("older snapshots allowed %v: got a proposal %v, want %v", older, got, older)
		}
	}
}
