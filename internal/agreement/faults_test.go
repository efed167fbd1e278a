package agreement

import (
	"reflect"
	"slices"
	"testing"

	"chandy/internal/explore"
	"chandy/internal/saved"
)

// plantedFault is a rule that the product breaks, and the check that must find it.
type plantedFault struct {
	name  string
	scope func() *scope
	check string
	plant func(*hooks)
}

// TestExploreFindsPlantedFaults breaks each rule of the agreement in turn.
func TestExploreFindsPlantedFaults(t *testing.T) {
	t.Parallel()
	for _, f := range slices.Concat(decisionFaults, followFaults, recoveryFaults, loopFaults, storeFaults) {
		t.Run(f.name, func(t *testing.T) {
			explore.Middle.Skip(t)
			t.Parallel()
			s := f.scope()
			s.hooks = &hooks{}
			f.plant(s.hooks)
			x := newExplorer(s)
			x.First = true
			x.Expect(t, f.check)
		})
	}
}

func restored() *scope {
	return newScope("", two, func(s *scope) { s.orders = []order{byHand(0, "a")}; s.brisk = true })
}

func restoredBadly() *scope {
	s := restored()
	s.crashes, s.early = 1, 1
	return s
}

func rivals() *scope {
	s := restoredBadly()
	s.orders = append(s.orders, byHand(1, "a"))
	return s
}

func recovered() *scope {
	return newScope("", two, func(s *scope) { s.options.Recover, s.brisk, s.crashes = true, true, 1 })
}

func recoveredWhileSaving() *scope {
	s := recovered()
	s.saves = 1
	return s
}

// without returns the effects of other types than E.
func without[E Effect](todo []Effect) []Effect {
	return slices.DeleteFunc(todo, func(e Effect) bool { _, is := e.(E); return is })
}

func withoutPoll(todo []Effect) []Effect {
	return slices.DeleteFunc(todo, func(e Effect) bool { alarm, is := e.(Alarm); return is && alarm.Name == Poll })
}

func find[E Effect](todo []Effect) (e E, ok bool) {
	for _, one := range todo {
		if e, ok = one.(E); ok {
			return e, true
		}
	}
	return e, false
}

// decisionFaults are about votes and decisions.
var decisionFaults = []plantedFault{
	{
		"a decision overwrites", rivals, checkDecision,
		func(h *hooks) { h.overwrite = true },
	},
	{
		"the proposer does not wait for all votes", restored, checkLoaded,
		func(h *hooks) {
			h.before = func(a *Agent, e event, m Message) {
				if v, ok := m.(Vote); ok && a.attempt != nil && a.attempt.phase == voting {
					for i := range a.attempt.votes {
						a.attempt.votes[i] = &Vote{Proposal: v.Proposal, Incarnation: a.peers[i].incarnation}
					}
				}
				if e.kind == isLoaded && a.attempt != nil && a.attempt.phase == voting {
					a.attempt.votes[1] = &Vote{Proposal: a.attempt.proposal, Incarnation: a.peers[1].incarnation}
				}
			}
		},
	},
	{
		"a vote on another number counts", func() *scope { s := recovered(); s.early, s.crashes = 2, 0; return s }, checkLoaded,
		func(h *hooks) {
			h.message = func(a *Agent, m Message) Message {
				if v, ok := m.(Vote); ok && a.attempt != nil {
					v.Proposal = a.attempt.proposal
					return v
				}
				return m
			}
		},
	},
	{
		"a voter past its deadline takes the proposal for aborted", restoredBadly, checkLoaded,
		func(h *hooks) {
			h.after = func(a *Agent, e event, _ Message, todo []Effect) []Effect {
				if e.kind == rings && AlarmName(e.arg) == VoteDeadline && a.ballot != nil && a.ballot.stage == loaded {
					a.ballot, a.creating = nil, nil
					return append(without[Create](todo), Drop{})
				}
				return todo
			}
		},
	},
	{
		"a voter past its deadline waits", restoredBadly, checkEnd,
		func(h *hooks) {
			h.after = func(a *Agent, e event, _ Message, todo []Effect) []Effect {
				if e.kind == rings && AlarmName(e.arg) == VoteDeadline {
					a.creating = nil
					return without[Create](todo)
				}
				return todo
			}
		},
	},
	{
		"rivals that are equal are two proposals", rivals, checkEqual,
		func(h *hooks) {
			h.after = func(a *Agent, e event, m Message, todo []Effect) []Effect {
				if p, ok := m.(Propose); ok && a.ballot != nil && len(a.ballot.to) == 2 {
					a.ballot.to = a.ballot.to[:1]
					to := a.peers[e.more].id
					return append(todo, Send{to, Vote{Proposal: p.Proposal, Incarnation: a.incarnation, No: "bound"}})
				}
				return todo
			}
		},
	},
	{
		"a dry run binds", func() *scope { s := restored(); s.orders[0].Dry = true; s.early = 1; return s }, checkDry,
		func(h *hooks) {
			h.message = func(_ *Agent, m Message) Message {
				if p, ok := m.(Propose); ok {
					p.Dry = false
					return p
				}
				return m
			}
		},
	},
	{
		"the remover checks and then deletes", func() *scope { s := restored(); s.removes = 1; return s }, checkBase,
		func(h *hooks) { h.careless = true },
	},
	{
		"a proposer does not keep the snapshot", func() *scope { s := restored(); s.removes = 1; return s }, checkBase,
		func(h *hooks) {
			h.after = func(a *Agent, _ event, _ Message, todo []Effect) []Effect {
				if k, ok := find[Keep](todo); ok {
					return append(without[Keep](todo), a.Kept(k.Snapshot, k.Number, nil)...)
				}
				return todo
			}
		},
	},
}

// followFaults are about following what was decided.
var followFaults = []plantedFault{
	{
		"an incarnation that the commit does not list runs from the base", restoredBadly, checkListed,
		func(h *hooks) {
			h.after = func(_ *Agent, _ event, _ Message, todo []Effect) []Effect {
				for i := range todo {
					if e, ok := todo[i].(Adopt); ok && e.Decision.Number > FirstEpoch {
						e.As = Listed
						todo[i] = e
					}
				}
				return todo
			}
		},
	},
	{
		"a process that has read of a newer epoch stays", restoredBadly, checkOld,
		func(h *hooks) {
			h.reading = func(a *Agent, r *saved.Reading) {
				if a.Epoch() > 0 && r.Epoch() > a.Epoch() {
					r.Commit = &a.commit
				}
			}
		},
	},
	{
		"a refusal does not name the epoch, and nobody polls", restoredBadly, checkEnd,
		func(h *hooks) {
			h.deaf = true
			h.after = func(_ *Agent, _ event, _ Message, todo []Effect) []Effect { return withoutPoll(todo) }
		},
	},
	{
		"a held process waits to be told that its epoch runs", func() *scope {
			s := restored()
			s.orders[0].Held, s.resumes, s.losses = true, 1, 1
			return s
		}, checkEnd,
		func(h *hooks) {
			h.after = func(_ *Agent, _ event, _ Message, todo []Effect) []Effect { return withoutPoll(todo) }
		},
	},
}

// recoveryFaults are about recoveries.
var recoveryFaults = []plantedFault{
	{
		"only the proposer looks for the newest snapshot", recoveredWhileSaving, checkSaved,
		func(h *hooks) {
			h.reading = func(a *Agent, r *saved.Reading) {
				if b := a.ballot; b != nil && b.stage == checking && (a.attempt == nil || a.attempt.phase != looking) {
					r.Newest = &saved.Ref{ID: b.Snapshot, Manifest: b.Manifest}
				}
			}
		},
	},
	{
		"a process saves between its vote and the decision", recoveredWhileSaving, checkSaved,
		func(h *hooks) { h.hasty = true },
	},
	{
		"an assembler votes while its manifest is on its way", recoveredWhileSaving, checkSaved,
		func(h *hooks) { h.before = func(a *Agent, _ event, _ Message) { a.saving = 0 } },
	},
	{
		"a proposal by hand and one of a recovery are equal", func() *scope {
			s := recoveredWhileSaving()
			s.orders = []order{byHand(0, "a")}
			return s
		}, checkSaved,
		func(h *hooks) {
			h.message = func(a *Agent, m Message) Message {
				switch m := m.(type) {
				case Propose:
					if a.ballot != nil {
						m.Kind = a.ballot.Kind
					}
					return m
				case Vote:
					if a.attempt != nil {
						m.Kind = a.attempt.Kind
					}
					return m
				}
				return m
			}
		},
	},
	{
		"a hello of an older epoch is a restart", func() *scope { s := recovered(); s.lateHellos = 1; return s }, checkDoom,
		func(h *hooks) {
			h.heardEpoch = func(a *Agent, epoch uint64) uint64 { return max(epoch, a.Epoch()) }
		},
	},
	{
		"a restart within the epoch is overlooked", recovered, checkDoom,
		func(h *hooks) {
			h.after = func(a *Agent, e event, _ Message, todo []Effect) []Effect {
				if _, ok := find[Hold](todo); ok {
					a.doomed = false
				}
				return without[Hold](todo)
			}
		},
	},
	{
		"a recovery ends a hold", func() *scope {
			s := recovered()
			s.orders = []order{held(byHand(0, "a"))}
			return s
		}, checkHeld,
		func(h *hooks) {
			h.before = func(a *Agent, e event, _ Message) {
				if t := a.attempt; e.kind == answers && t != nil && t.Kind == saved.Recovery && t.phase == looking {
					a.held = false
				}
			}
		},
	},
}

// TestEncodingLeavesNothingOut compares what the encoding of an Agent leaves out.
func TestEncodingLeavesNothingOut(t *testing.T) {
	want := []string{"todo"} // empty between steps
	if got := explore.LeftOut(reflect.TypeFor[Agent]()); !slices.Equal(got, want) {
		t.Errorf("got %q left out, want %q", got, want)
	}
}
