package snapshot

import (
	"testing"
	"time"
)

func TestASnapshotToSaveWaitsForItsPartsToBeStored(t *testing.T) {
	topology, pieces := line2()
	for _, light := range []bool{false, true} {
		if light { // then no message comes
			pieces[3] = closedIn("p1", "p2")
		}
		c := NewCollector(Plan{ID: "S", Topology: topology, Initiators: ids("p1"), Wants: Wants{Save: true, Light: light}})
		add := func(p Piece) {
			t.Helper()
			if c.Done() {
				t.Errorf("light %v: done before %v, want later", light, p)
			}
			if err := c.Add(time.Millisecond, p); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range pieces {
			add(p)
		}
		for _, id := range topology.Processes {
			add(Stored{Process: id, Incarnation: firstIncarnation(id), Store: "k", Summary: []byte(id)})
		}
		if stored := c.Stored(); !c.Done() || len(stored) != 2 || string(stored[1].Summary) != "p2" {
			t.Errorf("light %v: done %v, stored %v, want both processes", light, c.Done(), stored)
		}
		if g := c.Assemble(time.Millisecond, nil); !g.Complete() {
			t.Errorf("light %v: missing %v, want a complete snapshot", light, g.Missing)
		}
	}
	failed := collect(t, topology, pieces...)
	failed.plan.Save = true
	if err := failed.Add(0, Stored{Process: "p1", Incarnation: "another", Store: "k"}); err != nil || !failed.Restarted() {
		t.Errorf("a part of another incarnation: got %v, restarted %v, want a restart", err, failed.Restarted())
	}
}
