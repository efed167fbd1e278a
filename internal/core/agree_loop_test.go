package core

import (
	"errors"
	"strings"
	"testing"
	"time"

	"chandy/internal/agreement"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// A process that ends again and again soon after the restore of one base leaves the cluster
// held. One that ends later does not.
func TestACrashLoopEndsHeld(t *testing.T) {
	for _, test := range []struct {
		runs time.Duration
		held bool
	}{{10 * time.Second, true}, {2 * time.Minute, false}} {
		h := newRestorable(t, 3, recovers)
		h.save()
		for crash := 1; crash <= 4; crash++ {
			h.run(test.runs)
			h.crash("p2")
			h.start("p2", recovers)
			h.run(10 * time.Second)
			s := h.cores["p1"].status()
			if got, want := s.Held, test.held && crash >= 4; got != want {
				t.Errorf("crash %d of p2, each %v after a restore: got held %v, want %v", crash, test.runs, got, want)
			}
			if looping := s.Recovered != nil && len(s.Recovered.Loop) > 0; looping != s.Held {
				t.Errorf("crash %d of p2: got a loop %v, want %v", crash, looping, s.Held)
			}
		}
		if !test.held {
			continue
		}
		h.ask("p1", wire.ResumeRequest{}, 10*time.Second)
		if h.cores["p1"].status().Held {
			t.Error("after resume: got held, want it to run")
		}
	}
}

// A client that resumes an epoch that was held, and in which a process has restarted since, does
// not let the others run in it. They run when the cluster has rolled back.
func TestResumeDoesNotRunWhatIsGoingToBeRolledBack(t *testing.T) {
	h := newRestorable(t, 3, recovers)
	order := h.save()
	order.Hold = true
	h.ask("p1", order, 10*time.Second)
	before := h.cores["p1"].status()
	h.crash("p3") // without it there is no recovery
	h.crash("p2")
	h.start("p2", recovers)
	h.run(10 * time.Second)
	h.ask("p1", wire.ResumeRequest{}, 2*time.Second)
	if e := h.cores["p1"].epoch; !e.isHeld() || e.number != before.Epoch {
		t.Errorf("got held %v in epoch %d, want it held in %d: p2 has restarted", e.isHeld(), e.number, before.Epoch)
	}
	h.start("p3", recovers)
	h.run(10 * time.Second)
	for _, id := range h.config.IDs() {
		if s := h.cores[id].status(); s.Held || s.Epoch <= before.Epoch {
			t.Errorf("%s: got held %v in epoch %d, want it to run in a later one than %d", id, s.Held, s.Epoch, before.Epoch)
		}
	}
}

// A snapshot of an epoch that is held at the initial state has no states. A recovery goes past
// it: otherwise every later one would end with a no.
func TestARecoveryGoesPastASnapshotThatCannotBeRestored(t *testing.T) {
	h := newRestorable(t, 2, recovers)
	for range 4 {
		h.crash("p2")
		h.start("p2", recovers)
		h.run(10 * time.Second)
	}
	if !h.cores["p1"].status().Held {
		t.Fatal("after a crash loop: got it running, want it held")
	}
	h.save()
	h.crash("p2")
	h.start("p2", recovers)
	before := h.epochs()
	h.run(10 * time.Second)
	if got := h.epochs(); got[0] == before[0] || got[0] != got[1] {
		t.Errorf("after another crash: got the epochs %v, want one that is newer than %v", got, before)
	}
}

// A cluster that is stopped and started again three times is in no loop, however soon.
func TestRestartsOfAllProcessesAreNoLoop(t *testing.T) {
	h := emptyRestorable(t, 3)
	h.program = func() program.Program { return &counter{closed: &h.closed} }
	for range 6 {
		for _, id := range h.config.IDs() {
			h.start(id, agreement.Options{Recover: true})
		}
		h.run(10 * time.Second)
		if s := h.cores["p1"].status(); s.Held {
			t.Fatalf("got it held, with %v, want it to run", s.Recovered)
		}
		for _, id := range h.config.IDs() {
			h.crash(id)
		}
	}
}

// suicidal is a counter on p2 that ends when it receives the second message of p1, and
// another program on p1, which sends two messages when it begins.
type suicidal struct {
	*counter
	panics bool
}

func (p suicidal) Start(process program.Process) {
	p.counter.Start(process)
	if process.ID() == "p1" {
		process.Send("p2", []byte("good"))
		process.Send("p2", []byte("poison"))
	}
}

func (p suicidal) Receive(_ snapshot.ProcessID, payload []byte) {
	switch {
	case string(payload) != "poison":
	case p.panics:
		panic("poison")
	default:
		p.process.Stop(errors.New("poison"))
	}
}

// The text about a loop names the message that the program was handling, and when it ended.
func TestACrashLoopIsNamed(t *testing.T) {
	for _, panics := range []bool{false, true} {
		h := emptyRestorable(t, 3)
		h.program = func() program.Program { return suicidal{&counter{closed: &h.closed}, panics} }
		h.hook = func(at snapshot.ProcessID, e Effect) bool {
			if _, ok := e.(Exit); ok {
				h.crash(at)
			}
			return h.down[at]
		}
		for _, id := range h.config.IDs() {
			h.start(id, recovers)
		}
		for range 5 {
			func() {
				defer func() {
					if recover() != nil {
						if err := h.cores["p2"].Panicked()(); err != nil {
							t.Error(err)
						}
						h.crash("p2")
					}
				}()
				h.run(10 * time.Second)
			}()
			if h.down["p2"] {
				h.start("p2", recovers)
			}
		}
		s := h.cores["p1"].status()
		want := "recovery loop: p2 ends 0 ms after the restore, while it handles p1->p2#2: held, until chandy resume, once the cause is gone; "
		if s.Recovered == nil || !s.Held || !strings.HasPrefix(s.Recovered.Text(), want) {
			t.Errorf("panics %v: got the status %+v, want it held and %q", panics, s.Recovered, want)
		}
		h.run(2 * time.Minute)
		h.crash("p2")
		h.start("p2", recovers)
		h.run(10 * time.Second)
		if again := h.cores["p1"].status(); !again.Held || again.Recovered.LoopText != s.Recovered.LoopText {
			t.Errorf("panics %v, p2 was restarted while the cluster was held: got %+v, want the same text", panics, again.Recovered)
		}
	}
}

// Without recovery nothing is noted, and a node that is asked to stop has no last word.
func TestOnlyAProgramThatEndsWithRecoveryHasALastWord(t *testing.T) {
	for _, recovers := range []bool{false, true} {
		h := emptyRestorable(t, 2)
		h.program = func() program.Program { return suicidal{&counter{closed: &h.closed}, false} }
		h.hook = func(at snapshot.ProcessID, e Effect) bool {
			if e, ok := e.(Exit); ok {
				h.crash(at)
				if (e.Err == nil) != (at == "p1") {
					t.Errorf("recovery %v, %s: got the end %v, want an error only at p2", recovers, at, e.Err)
				}
			}
			return h.down[at]
		}
		if _, err := h.store().Create("20261122T073519000000Z-ayeq3nkbeh"); err != nil {
			t.Fatal(err)
		}
		for _, id := range h.config.IDs() {
			h.start(id, agreement.Options{Recover: recovers})
		}
		h.run(10 * time.Second)
		h.happened("p1", Stopping{})
		h.run(10 * time.Second)
		if !h.down["p1"] || !h.down["p2"] {
			t.Fatalf("recovery %v: got nodes that run, want both to have ended", recovers)
		}
		var got []string
		for _, name := range h.memory.Names() {
			if strings.HasPrefix(name, "endings/") {
				got = append(got, name)
			}
		}
		if want := map[bool]string{true: "endings/2/p2"}[recovers]; strings.Join(got, " ") != want {
			t.Errorf("recovery %v: got the endings %q, want %q", recovers, got, want)
		}
	}
}

// The program that a node is given is the first one that runs, with recovery too: it may have
// a state that another instance would not have, or be the only one.
func TestARecoveringClusterBeginsWithTheProgramsThatItWasGiven(t *testing.T) {
	h := emptyRestorable(t, 2)
	for _, id := range h.config.IDs() {
		h.startWith(id, &Agreement{Options: agreement.Options{Recover: true}, Program: &counter{closed: &h.closed, n: 7}}, nil)
	}
	h.run(10 * time.Second)
	h.expect("the count after the first request", h.call("p1"), "8")
}
