package core

import (
	"testing"
	"time"

	"chandy/internal/agreement"
	"chandy/program"
	"chandy/wire"
)

// A process that ends again and again soon after the restore of one base leaves the cluster
// held. One that ends later does not.
func TestACrashLoopEndsHeld(t *testing.T) {
	for _, test := range []struct {
		runs time.Duration
		held bool
	}{{10 * time.Second, true}, {2 * time.Minute, false}} {
		h := emptyRestorable(t, 3)
		h.program = func() program.Program { return &counter{closed: &h.closed} }
		options := agreement.Options{Recover: true}
		for _, id := range h.config.IDs() {
			h.start(id, options)
		}
		h.run(10 * time.Second)
		h.save()
		for crash := 1; crash <= 4; crash++ {
			h.run(test.runs)
			h.crash("p2")
			h.start("p2", options)
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

// A snapshot of an epoch that is held at the initial state has no states. A recovery goes past
// it: otherwise every later one would end with a no.
func TestARecoveryGoesPastASnapshotThatCannotBeRestored(t *testing.T) {
	h := emptyRestorable(t, 2)
	h.program = func() program.Program { return &counter{closed: &h.closed} }
	options := agreement.Options{Recover: true}
	for _, id := range h.config.IDs() {
		h.start(id, options)
	}
	for range 4 {
		h.run(10 * time.Second)
		h.crash("p2")
		h.start("p2", options)
	}
	h.run(10 * time.Second)
	if !h.cores["p1"].status().Held {
		t.Fatal("after a crash loop: got it running, want it held")
	}
	h.save()
	h.crash("p2")
	h.start("p2", options)
	before := h.epochs()
	h.run(10 * time.Second)
	if got := h.epochs(); got[0] == before[0] || got[0] != got[1] {
		t.Errorf("after another crash: got the epochs %v, want one that is newer than %v", got, before)
	}
}
