package channel

import (
	"slices"
	"testing"
)

// The two systems in which snapshots are explored under both rules for markers, in
// their smallest form: TestExploreSnapshots has larger ones too.

// disconnectOfTwo is two processes, a message each, a snapshot and a disconnect.
func disconnectOfTwo(name string, rule Rule) *scope {
	s := joinedScope(name, rule, bothWay, 1, "p1")
	s.disconnects, s.resets = 1, true
	return s
}

// snapshotsOnRing is two concurrent snapshots on a ring of three, a message on any
// channel and a disconnect.
func snapshotsOnRing(name string, rule Rule) *scope {
	s := joinedScope(name, rule, ring3, 1, "p1", "p2")
	s.disconnects, s.resets, s.total, s.acks = 1, true, 1, 0
	return s
}

func ruleName(r Rule) string { return map[Rule]string{Ahead: "ahead", InOrder: "in order"}[r] }

// markerFaults are the faults, of those of TestPlantedFaults, that markers and the
// two halves of a channel state can have.
var markerFaults = []struct {
	name      string
	aheadOnly bool                // in order the sender records nothing
	as        func(*scope) *scope // what it takes besides; nil: nothing
}{
	{name: "a message sent after the cut is received before the marker"},
	{name: "the halves are joined without trimming", aheadOnly: true},
	{name: "no marker is sent again"},
	{name: "the inbox is not recorded"},
	{name: "only what is not written of the outbox is recorded", aheadOnly: true},
	{name: "the sender's half is shrunk by later acknowledgements", aheadOnly: true},
	{name: "a message is acknowledged before the recorder can see it"},
	{name: "markers are counted instead of taken by their ordinals", as: again},
	{name: "the marker of an abandoned snapshot is not counted", as: abandoned},
}

// TestPlantedFaultsOfMarkers plants each of them into both systems, under each rule
// under which it does harm. The exploration must find each of them everywhere.
func TestPlantedFaultsOfMarkers(t *testing.T) {
	t.Parallel()
	all := slices.Concat(channelFaults, connectionFaults, snapshotFaults)
	for _, rule := range []Rule{Ahead, InOrder} {
		for _, s := range []func() *scope{
			func() *scope { return disconnectOfTwo("a disconnect of two, "+ruleName(rule), rule) },
			func() *scope { return snapshotsOnRing("two snapshots on a ring, "+ruleName(rule), rule) },
		} {
			for _, test := range markerFaults {
				i := slices.IndexFunc(all, func(f plantedFault) bool { return f.name == test.name })
				if i < 0 {
					t.Fatalf("no planted fault %q", test.name)
				}
				if test.aheadOnly && rule == InOrder {
					continue
				}
				s := s()
				if test.as != nil {
					s = test.as(s)
				}
				t.Run(s.name+"/"+test.name, func(t *testing.T) {
					t.Parallel()
					all[i].plant(s.hooks)
					x := newExplorer(s)
					x.First = true
					if found := x.Run(); len(found) == 0 {
						t.Errorf("found nothing in %d states, want this fault", x.States())
					} else {
						t.Logf("found in %d states: %v", x.States(), found)
					}
				})
			}
		}
	}
}
