package snapshot_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"chandy/internal/verify"
	"chandy/snapshot"
)

// TestVerifyAgrees has snapshots of random runs checked by the package that shares
// no code with this one: a document from here has no fault there, and both agree on
// what is in it.
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
			document := g.AppendJSON(nil, compact)
			report, err := verify.Check(bytes.NewReader(document))
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, document)
			}
			if !report.Consistent() || report.OK() != g.Complete() {
				t.Fatalf("seed %d: complete %v, status %s, faults %v\n%s", seed, g.Complete(), report.Status, report.Faults, document)
			}
			if report.Processes != len(g.Processes) || report.Channels != len(g.Channels) ||
				report.Messages != g.InFlight() || len(report.Missing) != len(g.Missing) || report.ID != string(g.ID) {
				t.Fatalf("seed %d: %+v\n%s", seed, report, document)
			}
		}
	}
	t.Logf("%d snapshots, %d complete, %d messages in flight, missing: %v", runs, complete, messages, reasons)
	if complete < runs/10 || complete > runs*9/10 || messages < runs || len(reasons) < 4 {
		t.Error("the runs are not random enough")
	}
	if reasons[snapshot.Inconsistent] > 0 {
		t.Error("a cut was not proven")
	}
}
