package bundled

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/internal/question"
	"chandy/program"
	"chandy/snapshot"
)

// philosopher returns the philosopher p2 of p1, p2 and p3, which has started. Its neighbour
// is p1.
func philosopher(t *testing.T, keys string) (*philosophers, *fake) {
	t.Helper()
	f := newFake("p2", 1, "p1", "p3")
	s := newProgram(t, "kind = \"philosophers\"\n"+keys).(*philosophers)
	s.Start(f)
	return s, f
}

func TestPhilosopherAsksTheNeighbourBelow(t *testing.T) {
	for _, c := range []struct {
		id       snapshot.ProcessID
		channels []snapshot.ProcessID
		want     snapshot.ProcessID
	}{
		{"p2", []snapshot.ProcessID{"p1", "p3"}, "p1"},
		{"p1", []snapshot.ProcessID{"p2", "p3"}, "p3"},
		{"p3", []snapshot.ProcessID{"p1", "p2", "p3", "p4"}, "p2"},
		{"p1", []snapshot.ProcessID{"p2"}, "p2"},
		{"p1", []snapshot.ProcessID{"p1"}, ""},
		{"p1", nil, ""},
	} {
		s := newProgram(t, `kind = "philosophers"`).(*philosophers)
		s.Start(newFake(c.id, 1, c.channels...))
		if s.neighbour != c.want {
			t.Errorf("%s with channels to %v: got neighbour %q, want %q", c.id, c.channels, s.neighbour, c.want)
		}
	}
}

// A meal, with a request of the other neighbour that waits until it is over.
func TestPhilosopherEatsAndHandsTheForkOn(t *testing.T) {
	s, f := philosopher(t, "think = \"0s\"\neat = \"10ms\"")
	s.Receive("p3", []byte(`{"type":"request","msg_id":7}`))
	f.now = 3 * time.Millisecond
	want := `{"phase":"hungry","waiting_for":[],"forks":["p2"],"meals":0,"asked":1,"fork_at":"p2","request":7}`
	if got := capture(t, s); got != want {
		t.Errorf("hungry: got %s\nwant %s", got, want)
	}
	s.Capture(func(state program.State) {
		open := []snapshot.OpenRequest{{From: "p3", MsgID: "7", Since: 3 * time.Millisecond}}
		if state.Idle != snapshot.IdleYes || !slices.Equal(state.Open, open) {
			t.Errorf("hungry: got idle %v, open %v; want it idle, with %v", state.Idle, state.Open, open)
		}
	})
	s.Receive("p1", []byte(`{"type":"wait","request":1}`))
	if want := []snapshot.ProcessID{"p1"}; !slices.Equal(s.state.WaitingFor, want) {
		t.Errorf("p1 has its fork: got %+v, want it to wait for %v", s.state, want)
	}
	s.Receive("p1", []byte(`{"type":"grant","in_reply_to":1}`))
	if s.state.Phase != eating || len(s.state.WaitingFor) != 0 {
		t.Errorf("with both forks: got %+v, want it to eat", s.state)
	}
	s.Capture(func(state program.State) {
		if state.Idle != snapshot.IdleNo {
			t.Errorf("eating: got idle %v, want %v", state.Idle, snapshot.IdleNo)
		}
	})
	f.runTo(f.now+15*time.Millisecond, nil) // the longest meal
	want = `{"phase":"hungry","waiting_for":["p3"],"forks":[],"meals":1,"asked":1,"fork_at":"p3","request":0}`
	if got := capture(t, s); got != want {
		t.Errorf("after the meal: got %s\nwant %s", got, want)
	}
	if got, want := f.take("p1"), []string{`{"type":"request","msg_id":1}`, `{"type":"release"}`}; !slices.Equal(got, want) {
		t.Errorf("sent to p1: got %s, want %s", got, want)
	}
	if got, want := f.take("p3"), []string{`{"type":"wait","request":7}`, `{"type":"grant","in_reply_to":7}`}; !slices.Equal(got, want) {
		t.Errorf("sent to p3: got %s, want %s", got, want)
	}
	s.Receive("p3", []byte(`{"type":"release"}`))
	if want := []snapshot.ProcessID{"p2"}; !slices.Equal(s.state.Forks, want) || s.state.Asked != 2 {
		t.Errorf("its fork is free again: got %+v, want it to hold %v and to ask p1", s.state, want)
	}
}

// After fork_timeout the philosopher gives everything back. A grant that comes later means
// nothing, because the release is on its way.
func TestPhilosopherGivesUp(t *testing.T) {
	s, f := philosopher(t, "think = \"1s\"\nfork_timeout = \"10ms\"")
	f.runTo(1500*time.Millisecond, nil)
	s.hunger()
	f.take("p1")
	s.Receive("p3", []byte(`{"type":"request","msg_id":1}`))
	f.runTo(f.now+15*time.Millisecond, nil)
	late := s.state.Asked
	if got := capture(t, s); !strings.Contains(got, `"phase":"thinking","waiting_for":[],"forks":[],`) || !strings.Contains(got, `"fork_at":"p3"`) {
		t.Errorf("after fork_timeout: got %s, want it to think, and p3 to have the fork", got)
	}
	if got, want := f.take("p1"), []string{`{"type":"release"}`}; !slices.Equal(got, want) {
		t.Errorf("sent to p1: got %s, want %s", got, want)
	}
	s.Receive("p1", fmt.Appendf(nil, `{"type":"grant","in_reply_to":%d}`, late))
	s.Receive("p3", []byte(`{"type":"release"}`))
	s.hunger()
	s.Receive("p1", fmt.Appendf(nil, `{"type":"grant","in_reply_to":%d}`, late))
	if s.state.Phase != hungry || len(s.state.Forks) != 1 {
		t.Errorf("after an old grant: got %+v, want it to wait for p1", s.state)
	}
	if f.log.Len() > 0 {
		t.Errorf("got log %s, want none", &f.log)
	}
}

func TestPhilosopherDropsWhatDoesNotFit(t *testing.T) {
	s, f := philosopher(t, "think = \"0s\"\neat = \"10ms\"")
	s.Receive("p3", []byte(`{"type":"request","msg_id":7}`))
	before := capture(t, s)
	for i, c := range []struct{ from, message, want string }{
		{"p3", `{"type":"request","msg_id":8}`, "a second request for the same fork"},
		{"p1", `{"type":"request","msg_id":1}`, "not a message of a neighbour about a fork"},
		{"p3", `{"type":"request"}`, "not a message of a neighbour about a fork"},
		{"p3", `{"type":"request","msg_id":0}`, "not a message of a neighbour about a fork"},
		{"p3", `{"type":"request","msg_id":"1"}`, "cannot unmarshal"},
		{"p1", `{"type":"release"}`, "not a message of a neighbour about a fork"},
		{"p3", `{"type":"grant","in_reply_to":1}`, "not a message of a neighbour about a fork"},
		{"p3", `{"type":"wait","request":1}`, "not a message of a neighbour about a fork"},
		{"p1", `{}`, "not a message of a neighbour about a fork"},
		{"p1", `[`, "unexpected end"},
	} {
		f.log.Reset()
		s.Receive(snapshot.ProcessID(c.from), []byte(c.message))
		if got := capture(t, s); got != before || s.drops != i+1 || !strings.Contains(f.log.String(), c.want) {
			t.Errorf("%s of %s: got %s, %d dropped, log %s; want %s, %d dropped and %q in the log", c.message, c.from, got, s.drops, &f.log, before, i+1, c.want)
		}
	}
	if got, want := request(t, s, f, `{"type":"phase","msg_id":1}`), `{"type":"phase_ok","in_reply_to":1,"phase":"hungry","meals":0}`; got != want {
		t.Errorf("phase: got %s, want %s", got, want)
	}
}

func TestPhilosopherRestore(t *testing.T) {
	for _, bad := range []string{
		"", "null", "{}", "[]", `{"phase":"sleeping"}`, `{"phase":"eating","forks":["p1"]}`, `{"phase":"thinking","forks":["p2"]}`,
		`{"phase":"hungry","forks":["p1","p2"]}`, `{"phase":"thinking","forks":null}`, `{"phase":"thinking","meals":-1}`,
		`{"phase":"thinking","waiting_for":[],"forks":[],"request":1}`, `{"phase":"thinking","waiting_for":[],"forks":[],"request":-1}`,
	} {
		s := newProgram(t, `kind = "philosophers"`).(*philosophers)
		if err := restore(s, []byte(bad)); err == nil || s.state.Phase != thinking || s.state.Forks == nil {
			t.Errorf("restore of %q: got error %v, state %+v; want an error, and the state as before", bad, err, s.state)
		}
	}
	const state = `{"phase":"eating","waiting_for":[],"forks":["p2","p1"],"meals":4,"asked":9,"fork_at":"p2","request":5}`
	s := newProgram(t, "kind = \"philosophers\"\neat = \"10ms\"").(*philosophers)
	if err := restore(s, []byte(state)); err != nil {
		t.Fatal(err)
	}
	f := newFake("p2", 1, "p1", "p3")
	s.Start(f)
	if got := capture(t, s); got != state {
		t.Errorf("restored: got %s, want %s", got, state)
	}
	f.runTo(15*time.Millisecond, nil)
	if got, want := f.take("p3"), []string{`{"type":"grant","in_reply_to":5}`}; s.state.Meals != 5 || !slices.Equal(got, want) {
		t.Errorf("after the meal: got %+v, sent %s to p3; want 5 meals and %s", s.state, got, want)
	}
}

func TestPhilosophersSettings(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{`think = "-1s"`, `think: must be from 0s to 1h, not "-1s"`},
		{`eat = "2h"`, `eat: must be from 0s to 1h, not "2h"`},
		{`fork_timeout = 5`, `fork_timeout: must be a duration such as "50ms", not an integer`},
		{`order = "yes"`, `order: must be true or false, not a string`},
		{`forktimeout = "1s"`, `unknown key "forktimeout": did you mean "fork_timeout"?`},
	} {
		if _, err := bundled(settings(t, "kind = \"philosophers\"\n"+c.keys), nil); err == nil || err.Error() != c.want {
			t.Errorf("%s\n got  %v\n want %s", c.keys, err, c.want)
		}
	}
}

// diners runs philosophers on fakes. The next event is a message of a random channel, or in
// one of ten cases the next timer of all.
type diners struct {
	random *rand.Rand
	ids    []snapshot.ProcessID
	fakes  map[snapshot.ProcessID]*fake
	all    map[snapshot.ProcessID]*philosophers
}

func newDiners(t *testing.T, seed uint64, n int, keys string) *diners {
	d := &diners{random: rand.New(rand.NewPCG(seed, 2)), fakes: map[snapshot.ProcessID]*fake{}, all: map[snapshot.ProcessID]*philosophers{}}
	for i := range n {
		d.ids = append(d.ids, snapshot.ProcessID(fmt.Sprint("p", i+1)))
	}
	for i, id := range d.ids {
		channels := []snapshot.ProcessID{d.ids[(i+1)%n], d.ids[(i+n-1)%n]}
		slices.Sort(channels)
		d.fakes[id] = newFake(id, seed, slices.Compact(channels)...)
		d.all[id] = newProgram(t, "kind = \"philosophers\"\n"+keys).(*philosophers)
		d.all[id].Start(d.fakes[id])
	}
	return d
}

// step does one thing, and reports whether there was one to do.
func (d *diners) step() bool {
	var todo []func() // messages
	var next *fake    // has the next timer
	for _, id := range d.ids {
		f := d.fakes[id]
		if len(f.timers) > 0 && (next == nil || f.timers[0].at < next.timers[0].at) {
			next = f
		}
		for _, to := range d.ids {
			if queue := f.sent[to]; len(queue) > 0 {
				todo = append(todo, func() {
					f.sent[to] = queue[1:]
					d.all[to].Receive(id, queue[0])
				})
			}
		}
	}
	switch {
	case next != nil && (len(todo) == 0 || d.random.IntN(10) == 0):
		at := next.timers[0].at
		for _, f := range d.fakes {
			f.now = max(f.now, at)
		}
		next.runTo(at, nil)
	case len(todo) > 0:
		todo[d.random.IntN(len(todo))]()
	default:
		return false
	}
	return true
}

// check checks that nobody eats with a fork that another one holds.
func (d *diners) check(t *testing.T) {
	t.Helper()
	holders := map[snapshot.ProcessID]snapshot.ProcessID{}
	for _, id := range d.ids {
		s := d.all[id].state
		if (s.Phase == eating) != (len(s.Forks) == 2) || s.Phase == thinking && len(s.Forks) > 0 {
			t.Fatalf("%s: got %+v, want two forks if it eats, none if it thinks", id, s)
		}
		for _, fork := range s.Forks {
			if other, held := holders[fork]; held {
				t.Fatalf("got fork %s in the hands of %s and of %s, want one of them", fork, other, id)
			}
			holders[fork] = id
			if at := d.all[fork].state.Holder; at != id {
				t.Fatalf("got fork %s in the hands of %s, but %q at its keeper", fork, id, cmp.Or(at, "free"))
			}
		}
		if d.all[id].drops > 0 {
			t.Fatalf("%s dropped a message: %s", id, &d.fakes[id].log)
		}
	}
}

// circle reports whether the states show a circle of philosophers that wait for each other,
// and nothing is on its way to one of them from the one for which it waits.
func (d *diners) circle() bool {
	for _, first := range d.ids {
		at := first
		for range d.ids {
			waits := d.all[at].state.WaitingFor
			if len(waits) == 0 || len(d.fakes[waits[0]].sent[at]) > 0 {
				break
			}
			if at = waits[0]; at == first {
				return true
			}
		}
	}
	return false
}

func (d *diners) meals() (all []int64) {
	for _, id := range d.ids {
		all = append(all, d.all[id].state.Meals)
	}
	return all
}

// In the order of the ids, and with a time-out, all philosophers go on eating in every
// schedule.
func TestPhilosophersWithAnOrderOrATimeoutEat(t *testing.T) {
	seed := clustertest.Seed(t)
	for n := 2; n <= 6; n++ {
		for _, keys := range []string{"order = true", "order = true\nthink = \"0s\"\neat = \"0s\"", "fork_timeout = \"50ms\"", "order = true\nfork_timeout = \"20ms\"\nthink = \"0s\""} {
			d := newDiners(t, seed+uint64(n), n, keys)
			for range 6000 {
				if !d.step() {
					t.Fatalf("%d philosophers, %q: got nothing more to do, want them to go on", n, keys)
				}
				d.check(t)
				if d.circle() {
					t.Fatalf("%d philosophers, %q: got a circle of philosophers that wait for each other, want none", n, keys)
				}
			}
			if least := slices.Min(d.meals()); least < 1 {
				t.Errorf("%d philosophers, %q: got %v meals, want at least 1 each", n, keys, d.meals())
			}
		}
	}
}

// Without thinking, an order or a time-out, each philosopher holds one fork in the end and
// waits for the neighbour, whatever the schedule is.
func TestPhilosophersDeadlock(t *testing.T) {
	seed := clustertest.Seed(t)
	for n := 2; n <= 6; n++ {
		for run := range uint64(50) {
			d := newDiners(t, seed+run, n, `think = "0s"`)
			for d.step() {
				d.check(t)
			}
			if !d.circle() {
				t.Fatalf("%d philosophers: got no circle of philosophers that wait for each other, want one", n)
			}
			for i, id := range d.ids {
				s, next := d.all[id], d.ids[(i+1)%n]
				if s.state.Phase != hungry || !slices.Equal(s.state.WaitingFor, []snapshot.ProcessID{s.neighbour}) || s.state.Request != 1 || s.sharer != next {
					t.Fatalf("%s of %d: got %+v, want it to wait for %s, and a request of %s", id, n, s.state, s.neighbour, next)
				}
			}
		}
	}
}

// fivePhilosophers runs f with five philosophers over a network with delays.
func fivePhilosophers(t *testing.T, keys string, f func(t *testing.T, c *clustertest.Cluster)) {
	t.Helper()
	file := clustertest.File("[program]\nkind = \"philosophers\"\n"+keys+"\n[network]\ndelay = \"5ms\"", clustertest.IDs("p", 5)...)
	options := clustertest.Options{Program: func(c *config.Cluster, p config.Process) (program.Program, error) { return New(c, p) }}
	clustertest.Virtual(t, file, options, f)
}

// waitingFor returns the field waiting_for of all states.
func waitingFor(s *clustertest.Snapshot) map[snapshot.ProcessID][]snapshot.ProcessID {
	all := map[snapshot.ProcessID][]snapshot.ProcessID{}
	for id, state := range clustertest.States[philosophersState](s) {
		all[id] = state.WaitingFor
	}
	return all
}

// One snapshot of five deadlocked philosophers shows the circle twice: in the states, and
// in the open requests of idle processes.
func TestSnapshotOfDeadlockedPhilosophersShowsTheCircle(t *testing.T) {
	fivePhilosophers(t, `think = "0s"`, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		time.Sleep(100 * time.Millisecond)
		s := c.Complete("p1")
		const circle = "p1 -> p5 -> p4 -> p3 -> p2 -> p1"
		for name, answer := range map[string]question.Answer{"stalled": question.Stalled(s.Global), "deadlocked": question.Deadlocked(s.Global, waitingFor(s))} {
			if answer.Verdict != question.Yes || answer.Witness[0] != circle {
				t.Errorf("%s: got %+v, want yes, with %s\n%s", name, answer, circle, s)
			}
		}
	})
}

// Snapshots of philosophers who can always go on never say that they are stuck, although
// many wait for each other.
func TestSnapshotsOfPhilosophersWhoGoOnShowNoCircle(t *testing.T) {
	for _, keys := range []string{"order = true\neat = \"10ms\"\nthink = \"0s\"", "fork_timeout = \"20ms\"\neat = \"10ms\"\nthink = \"5ms\""} {
		waits := 0
		fivePhilosophers(t, keys, func(t *testing.T, c *clustertest.Cluster) {
			c.Start()
			c.Up()
			for range 50 {
				s := c.Complete("p1")
				for name, answer := range map[string]question.Answer{"stalled": question.Stalled(s.Global), "deadlocked": question.Deadlocked(s.Global, waitingFor(s))} {
					if answer.Verdict == question.Yes {
						t.Fatalf("%s: got %+v, want no\n%s", name, answer, s)
					}
				}
				waits += len(question.Waits(s.Global))
				time.Sleep(7 * time.Millisecond)
			}
		})
		if waits < 50 {
			t.Errorf("%q: got %d waits in 50 snapshots, want at least 50", keys, waits)
		}
	}
}
