package snapshot

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"chandy/internal/explore"
)

// TestWalks checks what the exploration rests on: a Recorder's step depends only on
// the encoding of the local state, and a copy of a Recorder is complete. It takes
// random orders through a scope twice: in the explorer, where almost every outcome
// was computed before and for another order, and by Recorders that were never
// copied. The two must agree after every step. In the end it makes all checks again,
// for this order.
func TestWalks(t *testing.T) {
	walks := 400
	if testing.Short() || explore.Race {
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
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			t.Logf("%d walks, %d states of processes", walks, len(x.nodes.All))
		})
	}
}

func walk(x *explorer, random *rand.Rand) error {
	var plain []*local
	for i := range x.topology.Processes {
		plain = append(plain, x.newLocal(i))
	}
	err := x.Walk(random, func(_ world, s step, w world) error {
		l := plain[s.process]
		_, found := l.do(s.event, x.scope, x.marker(s))
		if found == nil {
			found = l.checkFreed(x.scope)
		}
		if found != nil {
			return fmt.Errorf("uncopied: %s: %s", found.Check, found.Text)
		}
		for i, l := range plain {
			if got, want := l.append(nil), x.node(w, i).append(nil); !bytes.Equal(got, want) {
				return fmt.Errorf("%s: got state\n%q, want\n%q as in the exploration", l.id, got, want)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for k := range x.starts {
		for _, found := range x.check(k, plain) {
			if found != nil {
				return fmt.Errorf("%s: %s\n%s", found.Check, found.Text, x.Trace())
			}
		}
	}
	return nil
}

// TestRecorderIsEncodedWhole fails when a Recorder has a new field that two Recorders
// of one process could differ in and that their encodings leave out.
func TestRecorderIsEncodedWhole(t *testing.T) {
	got := explore.LeftOut(reflect.TypeFor[Recorder]())
	if want := []string{"Admit", "channels"}; !slices.Equal(got, want) {
		t.Errorf("the encoding leaves out %q, want %q", got, want)
	}
}
