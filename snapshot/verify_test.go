package snapshot_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"chandy/internal/verify"
	"chandy/snapshot"
)

// TestVerifyAgrees checks snapshots of random runs with package verify, which shares no
// code with this package. It must find no fault, and both must agree on the contents.
func TestVerifyAgrees(t *testing.T) {
	complete, messages := 0, 0
	reasons := map[snapshot.Reason]int{}
	const runs = 500
	for seed := range uint64(runs) {
		g := snapshot.RandomGlobal(rand.New(rand.NewPCG(seed, 4)))
		if g.Complete() {
			complete++
		}
		messages += g.InFlight()
		for _, m := range g.Missing {
			reasons[m.Reason]++
		}
		for _, compact := range []bool{false, true} {
			var written bytes.Buffer
			if err := g.WriteJSON(&written, compact); err != nil {
				t.Fatal(err)
			}
			document := written.Bytes()
			report, err := verify.Check(bytes.NewReader(document))
			if err != nil {
				t.Fatalf("seed %d: got error %v, want none\n%s", seed, err, document)
			}
			if !report.Consistent() || report.OK() != g.Complete() {
				t.Fatalf("seed %d: verify says %s, faults %v, want none and complete %v\n%s", seed, report.Status, report.Faults, g.Complete(), document)
			}
			if report.Processes != len(g.Processes) || report.Channels != len(g.Channels) ||
				report.Messages != g.InFlight() || len(report.Missing) != len(g.Missing) || report.ID != string(g.ID) {
				t.Fatalf("seed %d: got %+v, want the numbers of\n%s\n%s", seed, report, g, document)
			}
		}
	}
	t.Logf("%d snapshots, %d complete, %d messages in flight, missing: %v", runs, complete, messages, reasons)
	if complete < runs/10 || complete > runs*9/10 || messages < runs || len(reasons) < 4 {
		t.Errorf("%d of %d snapshots are complete, %d messages, %d reasons, want a tenth to nine tenths, at least %d, and 4", complete, runs, messages, len(reasons), runs)
	}
	if got := reasons[snapshot.Inconsistent]; got > 0 {
		t.Errorf("%d cuts are not proven, want none", got)
	}
}
