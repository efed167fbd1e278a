package agreement

import (
	"testing"

	"chandy/internal/explore"
	"chandy/internal/saved"
	"chandy/snapshot"
)

type exploration struct {
	explore.Size
	*scope
}

// run explores each and expects no finding. The large ones stand first, since they run
// in parallel.
func run(t *testing.T, all []exploration) {
	t.Parallel()
	for _, one := range all {
		t.Run(one.name, func(t *testing.T) {
			one.Skip(t)
			t.Parallel()
			x := newExplorer(one.scope)
			x.Expect(t)
			t.Logf("%d states of one process, %d of the network, %d of the store", len(x.nodes.All), len(x.networks.All), len(x.stores.All))
		})
	}
}

var (
	two   = []snapshot.ProcessID{"p1", "p2"}
	three = []snapshot.ProcessID{"p1", "p2", "p3"}
)

// newScope returns a scope in whose store snapshot a is saved.
func newScope(name string, processes []snapshot.ProcessID, change func(*scope)) *scope {
	s := &scope{name: name, processes: processes}
	s.saved = []savedSnapshot{{epoch: FirstEpoch, id: "a", acked: true}}
	change(s)
	return s
}

func byHand(process int, id snapshot.ID) order {
	return order{process, Order{Snapshot: id, Manifest: "sha"}}
}

func held(o order) order { o.Held = true; return o }

func dry(o order) order { o.Dry = true; return o }

// TestExploreRestore goes through every order of restores by hand.
func TestExploreRestore(t *testing.T) {
	to := func(s *scope, all ...order) { s.orders = all }
	run(t, []exploration{
		{explore.Huge, newScope("3 processes, 3 restores, 1 crash", three, func(s *scope) {
			to(s, byHand(0, "a"), byHand(1, "a"), byHand(2, ""))
			s.brisk, s.crashes = true, 1
		})},
		{explore.Huge, newScope("3 processes, every order of hellos and loads, 1 crash", three, func(s *scope) {
			to(s, byHand(0, "a"))
			s.crashes = 1
		})},
		{explore.Huge, newScope("3 processes, slow store, 2 crashes, 1 early deadline", three, func(s *scope) {
			to(s, byHand(0, "a"))
			s.brisk, s.slowStore, s.crashes, s.early = true, true, 2, 1
		})},
		{explore.Huge, newScope("equal rivals, every order, slow store, 1 crash, 1 early deadline", two, func(s *scope) {
			to(s, byHand(0, "a"), byHand(1, "a"))
			s.slowStore, s.crashes, s.early = true, 1, 1
		})},
		{explore.Huge, newScope("1 restore, every order, slow store, 1 crash, 1 loss, 1 copy, 1 early deadline", two, func(s *scope) {
			to(s, byHand(0, "a"))
			s.slowStore, s.crashes, s.losses, s.copies, s.early = true, 1, 1, 1, 1
		})},
		{explore.Large, newScope("1 restore, every order, slow store, 1 crash, 1 loss, 1 copy", two, func(s *scope) {
			to(s, byHand(0, "a"))
			s.slowStore, s.crashes, s.losses, s.copies = true, 1, 1, 1
		})},
		{explore.Large, newScope("equal rivals, slow store, 1 crash, 1 early deadline", two, func(s *scope) {
			to(s, byHand(0, "a"), byHand(1, "a"))
			s.brisk, s.slowStore, s.crashes, s.early = true, true, 1, 1
		})},
		{explore.Large, newScope("3 processes, 2 restores, 1 early deadline", three, func(s *scope) {
			to(s, byHand(0, "a"), byHand(2, ""))
			s.brisk, s.early = true, 1
		})},
		{explore.Large, newScope("rivals, 1 crash, 1 early deadline", two, func(s *scope) {
			to(s, byHand(0, "a"), byHand(1, ""))
			s.brisk, s.crashes, s.early = true, 1, 1
		})},
		{explore.Large, newScope("a dry run and a restore, 1 crash, 1 early deadline", two, func(s *scope) {
			to(s, dry(byHand(0, "a")), byHand(1, "a"))
			s.brisk, s.crashes, s.early, s.loadFails = true, 1, 1, 1
		})},
		{explore.Large, newScope("held, 2 resumed, 1 crash, 1 fault of the store", two, func(s *scope) {
			to(s, held(byHand(0, "a")))
			s.crashes, s.resumes, s.storeFails = 1, 2, 1
		})},
		{explore.Large, newScope("2 removals, 1 crash, 1 early deadline", two, func(s *scope) {
			to(s, byHand(0, "a"))
			s.crashes, s.removes, s.early = 1, 2, 1
		})},
		{explore.Middle, newScope("3 processes, 1 restore, 1 crash", three, func(s *scope) {
			to(s, byHand(0, "a"))
			s.brisk, s.crashes = true, 1
		})},
		{explore.Small, newScope("a dry run, 1 crash, 1 load that fails, 1 early deadline", two, func(s *scope) {
			to(s, dry(byHand(0, "a")))
			s.crashes, s.loadFails, s.early = 1, 1, 1
		})},
		{explore.Small, newScope("1 restore, 2 crashes", two, func(s *scope) {
			to(s, byHand(0, "a"))
			s.crashes = 2
		})},
		{explore.Small, newScope("a start from a snapshot that both propose, 1 early deadline", two, func(s *scope) {
			to(s, byHand(0, "a"), byHand(1, "a"))
			s.options.Join, s.brisk, s.early = true, true, 1
		})},
	})
}

// TestExploreRecovery goes through every order of first starts and of recoveries.
func TestExploreRecovery(t *testing.T) {
	recovery := func(name string, processes []snapshot.ProcessID, change func(*scope)) *scope {
		return newScope(name, processes, func(s *scope) {
			s.options.Recover, s.brisk = true, true
			change(s)
		})
	}
	run(t, []exploration{
		{explore.Huge, recovery("3 processes, 1 crash", three, func(s *scope) { s.crashes = 1 })},
		{explore.Huge, recovery("slow store, 2 crashes, 1 early alarm", two, func(s *scope) { s.slowStore, s.crashes, s.early = true, 2, 1 })},
		{explore.Huge, recovery("every order, 1 crash", two, func(s *scope) { s.brisk = false; s.crashes = 1 })},
		{explore.Huge, recovery("2 crashes, 1 saved, 1 removal", two, func(s *scope) {
			s.crashes, s.saves, s.removes = 2, 1, 1
		})},
		{explore.Large, recovery("3 processes", three, func(*scope) {})},
		{explore.Large, recovery("1 crash, 1 early alarm", two, func(s *scope) { s.crashes, s.early = 1, 1 })},
		{explore.Large, recovery("a restore, 1 crash", two, func(s *scope) {
			s.orders, s.crashes = []order{byHand(0, "a")}, 1
		})},
		{explore.Large, recovery("1 crash, 1 loss, 1 fault of the store", two, func(s *scope) { s.crashes, s.losses, s.storeFails = 1, 1, 1 })},
		{explore.Large, recovery("1 crash, 1 saved", two, func(s *scope) { s.crashes, s.saves = 1, 1 })},
		{explore.Large, recovery("2 crashes", two, func(s *scope) { s.crashes = 2 })},
		{explore.Small, recovery("1 crash, 1 late hello", two, func(s *scope) { s.crashes, s.lateHellos = 1, 1 })},
		{explore.Small, recovery("1 early alarm", two, func(s *scope) { s.early = 1 })},
		{explore.Small, recovery("a crash loop, 1 crash, 1 minute", two, func(s *scope) {
			s.crashes, s.minutes, s.before, s.endings = 1, 1, restarted(), ended()
		})},
		{explore.Small, recovery("a crash loop, 1 early alarm, resumed", two, func(s *scope) {
			s.early, s.minutes, s.resumes, s.before, s.endings = 1, 1, 1, restarted(), ended()
		})},
		{explore.Small, recovery("no store, 1 crash", two, func(s *scope) { s.crashes, s.noStore = 1, true })},
		{explore.Small, recovery("a store that one of them does not see at first, 1 early alarm", two, func(s *scope) {
			s.early, s.unmounted, s.before = 1, []int{0}, restarted()
		})},
		{explore.Small, recovery("the same with the other one, 1 crash", two, func(s *scope) {
			s.crashes, s.unmounted, s.before = 1, []int{1}, restarted()
		})},
	})
}

// restarted returns the decision by which a cluster ran before all processes have ended. p2 had
// ended soon after the commit before, which went back to the same snapshot.
func restarted() []saved.Decision {
	return []saved.Decision{{
		Number: 2, Verdict: saved.Commit, Kind: saved.Recovery, Ends: FirstEpoch, Snapshot: "a", Manifest: "sha", By: "p1",
		Voters:  []saved.Node{{Process: "p1", Incarnation: incarnation("p1", 0)}, {Process: "p2", Incarnation: incarnation("p2", 0)}},
		Crashes: []saved.Crash{{Process: "p2", Count: 1}},
	}}
}

// ended returns how the program of p2 ended in the epoch of restarted. All processes have
// restarted since, and only p2 counts.
func ended() []saved.Ending {
	return []saved.Ending{{Epoch: 2, By: saved.Node{Process: "p2", Incarnation: incarnation("p2", 0)}}}
}
