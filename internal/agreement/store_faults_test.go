package agreement

import (
	"slices"

	"chandy/internal/saved"
)

func looping() *scope {
	s := recovered()
	s.minutes, s.before, s.endings = 1, restarted(), ended()
	return s
}

// loopFaults are about processes that end again and again.
var loopFaults = []plantedFault{
	{
		"the count of those that have ended begins anew with each commit", looping, checkLoop,
		func(h *hooks) {
			h.reading = func(_ *Agent, r *saved.Reading) {
				if r.Commit != nil {
					forgotten := *r.Commit
					forgotten.Crashes = nil
					r.Commit = &forgotten
				}
			}
		},
	},
	{
		"an incarnation that lives counts as ended", looping, checkLoop,
		func(h *hooks) {
			h.before = func(a *Agent, _ event, _ Message) {
				if t := a.attempt; t != nil && t.phase == voting && len(t.crashes) > 0 && t.crashes[0].Process == "p2" {
					t.crashes = slices.Concat([]saved.Crash{{Process: "p1", Count: 1}}, t.crashes)
				}
			}
		},
	},
	{
		"the next recovery after a crash loop is not held", looping, checkLoop,
		func(h *hooks) {
			h.after = func(a *Agent, _ event, _ Message, todo []Effect) []Effect {
				if t := a.attempt; t != nil && t.phase == marking {
					t.proposal.Held = false
				}
				return todo
			}
		},
	},
}

func unmounted(process int) func() *scope {
	return func() *scope {
		s := recovered()
		s.crashes, s.early, s.unmounted, s.before = 0, 1, []int{process}, restarted()
		return s
	}
}

// storeFaults are about a store that is not there, or that is not mounted yet.
var storeFaults = []plantedFault{
	{
		"a proposer that sees no store takes a no for a yes", unmounted(0), checkStore,
		func(h *hooks) {
			h.message = func(_ *Agent, m Message) Message {
				if v, ok := m.(Vote); ok && v.Store == "" {
					v.No = ""
					return v
				}
				return m
			}
		},
	},
	{
		"an abort makes a store", unmounted(1), checkStore,
		makesStore(true),
	},
	{
		"nobody makes the store", func() *scope { s := recovered(); s.noStore = true; return s }, checkEnd,
		makesStore(false),
	},
}

// makesStore lets each creation of a decision make an absent store, or none.
func makesStore(makes bool) func(*hooks) {
	return func(h *hooks) {
		h.after = func(_ *Agent, _ event, _ Message, todo []Effect) []Effect {
			for i := range todo {
				if c, ok := todo[i].(Create); ok {
					c.MakeStore = makes
					todo[i] = c
				}
			}
			return todo
		}
	}
}
