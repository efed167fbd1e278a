package channel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"chandy/internal/explore"
)

// TestWalks checks what the exploration rests on: a step depends only on the encoding
// of the local state, and a copy is complete. It takes random orders through a scope
// twice: in the explorer, where almost every outcome was computed before and for
// another order, and by halves and Recorders that were never copied. The two must
// agree after every step.
func TestWalks(t *testing.T) {
	t.Parallel()
	walks := 500
	if testing.Short() || explore.Race {
		walks = 100
	}
	snapshots := joinedScope("snapshots", Ahead, bothWay, 5, "p1", "p2")
	snapshots.abandon = true
	for _, s := range []*scope{
		channelScope("in order", InOrder, oneWay, 7, 3, 3, 1), channelScope("both ways", Ahead, bothWay, 5, 2, 3, 1),
		again(channelScope("sent again", Ahead, oneWay, 7, 3, 3, 0)), snapshots, restartScope("restart", Ahead, 4, "p1"),
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
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

// walk takes one random order. A second explorer makes the initial states of the
// uncopied processes, and numbers their frames.
func walk(x *explorer, random *rand.Rand) error {
	plain := newExplorer(x.scope)
	start := plain.begin()
	var locals []*local
	for i := range x.topology.Processes {
		locals = append(locals, plain.node(start, i).local)
	}
	return x.Walk(random, func(before world, m move, after world) error {
		process, e := x.resolve(before, m)
		if e.kind == takes || e.kind == returns || e.kind == returnsStale {
			e.item = plain.wires.item(x.frame(e))
		}
		l := locals[process]
		s := step{local: l, x: plain, inPlace: true}
		s.do(e)
		if s.found != nil {
			return fmt.Errorf("uncopied: %s: %s", s.found.Check, s.found.Text)
		}
		if got, want := encode(l), encode(x.node(after, process).local); !bytes.Equal(got, want) {
			return fmt.Errorf("%s: got state\n%q, want\n%q as in the exploration", l.id(), got, want)
		}
		return nil
	})
}

// encode encodes a local state with the Recorder itself in the place of its number,
// which differs between explorers.
func encode(l *local) []byte {
	c := *l
	var b []byte
	if l.recorder != nil {
		b = explore.Append(b, l.recorder.Recorder)
		c.recorder = &recorder{l.recorder.Recorder, 0}
	}
	return c.append(b)
}
