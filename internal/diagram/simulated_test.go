package diagram

import (
	"testing"

	"chandy/internal/sim"
)

// The straight cut is right for the snapshots of whole simulated clusters too, with and without
// faults.
func TestAStraightCutIsRightForEachSimulatedSnapshot(t *testing.T) {
	drawn, journals, flight := 0, 0, 0
	for seed := range *seeds / 4 {
		documents, err := sim.Snapshots(seed, seed%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range documents {
			g := read(t, text)
			s := NewStory(g, Options{})
			for _, fault := range append(pictureFaults(s, s.Layout()), realFaults(s)...) {
				t.Errorf("seed %d: got %s\n%s", seed, fault, text)
			}
			if n := s.wrong(); n > 0 {
				t.Errorf("seed %d: got %d red arrows, want none in a consistent snapshot\n%s", seed, n, text)
			}
			if t.Failed() {
				return
			}
			drawn++
			if g.Journals != nil {
				journals++
			}
			for _, m := range s.Messages {
				if m.Class == InFlight {
					flight++
				}
			}
		}
	}
	t.Logf("%d snapshots, %d of them with journals, %d arrows of messages in flight", drawn, journals, flight)
	if journals == 0 || flight == 0 {
		t.Errorf("got %d snapshots with journals and %d arrows in flight, want some of each", journals, flight)
	}
}
