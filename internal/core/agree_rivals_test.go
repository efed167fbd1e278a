package core

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/agreement"
	"chandy/internal/saved"
	"chandy/program"
	"chandy/wire"
)

// rivals returns a cluster with a recovery that p3 has proposed and that is not decided: no
// program takes its state. It returns the functions that let them.
func rivals(t *testing.T) (h *restorable, older wire.RestoreRequest, restores *[]func(error), log *bytes.Buffer) {
	h, saves := recovering(t, agreement.Options{})
	restores, log = new([]func(error)), new(bytes.Buffer)
	fast := h.program
	h.program = func() program.Program { return slow{fast().(*counter), restores} }
	h.crash("p3")
	h.start("p3", agreement.Options{Recover: true})
	h.cores["p3"].log = zerolog.New(log)
	h.run(5 * time.Second)
	h.expect("the programs that are to take a state", len(*restores), 3)
	return h, saves[0], restores, log
}

// A restore by hand that comes during a recovery ends and names the recovery.
func TestARestoreThatLosesNamesTheRecovery(t *testing.T) {
	h, older, restores, _ := rivals(t)
	newest := mustRead(h).Newest.ID
	for _, at := range h.config.IDs() {
		got := strings.Join(h.restore(at, older), " ")
		if want := "under way: 4: recovery, from epoch 3 to " + string(newest); !strings.Contains(got, want) {
			t.Errorf("a restore at %s: got %s, want %q", at, got, want)
		}
	}
	for _, done := range *restores {
		h.happened("p1", Called{func() { done(nil) }})
	}
	h.run(5 * time.Second)
	h.expect("the epochs", h.epochs(), []uint64{4, 4, 4})
}

// A recovery that comes after a restore by hand says so in the log.
func TestARecoveryThatLosesNamesTheRestore(t *testing.T) {
	h, older, _, log := rivals(t)
	d := saved.Decision{
		Number: 4, Verdict: saved.Commit, Kind: saved.ByHand, Ends: 3, Snapshot: older.Snapshot, Manifest: older.Manifest, By: "p1",
		Voters: []saved.Node{{Process: "p1", Incarnation: "another"}, {Process: "p2", Incarnation: "another"}, {Process: "p3", Incarnation: "another"}},
	}
	if _, mine, err := h.store().Decide(d); !mine || err != nil {
		t.Fatal(mine, err)
	}
	h.run(2 * time.Minute)
	for _, want := range []string{
		"a restore was decided before the recovery for which this process waited",
		"recovery failed, trying again: another one was decided first: 4: by hand, from epoch 3 to " + string(older.Snapshot),
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got the log\n%s\nwant %q", log, want)
		}
	}
}
