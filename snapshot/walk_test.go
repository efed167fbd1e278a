package snapshot

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestWalks checks what the exploration rests on: that a Recorder's step depends
// only on the local state as it is encoded, and that copying one copies all of it.
// It takes random orders through a scope, step by step in the explorer, where
// almost every outcome was computed before and for another order, and by Recorders
// that were never copied; they must agree after every step. In the end it makes all
// checks again, for this order.
func TestWalks(t *testing.T) {
	walks := 400
	if testing.Short() || raceEnabled {
		walks = 60
	}
	for _, s := range []*scope{
		newScope("mesh", mesh3, 8, "p1", "p2 p3"),
		newScope("line", line3, 8, "p1", "p3"),
		newScope("self-channels", "p1->p1 p1->p2 p2->p1 p2->p2", 7, "p1", "p1 p2"),
		newScope("abandoned", ring3, 5, "p1", "p2"),
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.abandon = s.name == "abandoned"
			x := newExplorer(s)
			for seed := range uint64(walks) {
				if err := walk(x, rand.New(rand.NewPCG(seed, 0))); err != nil {
					t.Fatalf("seed %d: %v\n%s", seed, err, x.renderPath())
				}
			}
			t.Logf("%d walks, %d states of processes", walks, len(x.nodes))
		})
	}
}

func walk(x *explorer, random *rand.Rand) error {
	w := x.begin()
	x.path = nil
	var plain []*local
	for _, id := range x.topology.Processes {
		plain = append(plain, &local{host: newHost(id, firstIncarnation(id), x.topology, snapshotsMax)})
	}
	for {
		x.enabled = x.enabled[:0]
		x.enable(w)
		if len(x.enabled) == 0 || x.endless() {
			break
		}
		s := x.enabled[random.IntN(len(x.enabled))]
		x.path = append(x.path, s)
		var ok bool
		if w, ok = x.take(w, s); !ok {
			break
		}
		var m Marker
		if s.event.kind == marks {
			m = x.markers[s.event.marker-1]
		}
		if _, found := plain[s.process].do(s.event, x.scope, m); found != nil {
			return fmt.Errorf("found: %v", found)
		}
		for i, l := range plain {
			if got, want := l.append(nil), x.nodes[w.locals[i]].append(nil); !bytes.Equal(got, want) {
				return fmt.Errorf("%s is in state\n%q, in the exploration\n%q", l.id, got, want)
			}
		}
	}
	for k := range x.starts {
		x.check(k, slices.Clone(plain))
	}
	for _, found := range x.found {
		return fmt.Errorf("found: %v", found)
	}
	return nil
}
