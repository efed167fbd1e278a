package channel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestWalks checks what the exploration rests on: that a step depends only on the
// local state as it is encoded, and that copying one copies all of it. It takes
// random orders through a scope, step by step in the explorer, where almost every
// outcome was computed before and for another order, and by halves and Recorders
// that were never copied; they must agree after every step.
func TestWalks(t *testing.T) {
	t.Parallel()
	walks := 500
	if testing.Short() || raceEnabled {
		walks = 100
	}
	again := channelScope("sent again", Ahead, oneWay, 7, 3, 3, 0)
	again.stale = true
	snapshots := joinedScope("snapshots", Ahead, bothWay, 5, "p1", "p2")
	snapshots.abandon = true
	for _, s := range []*scope{
		channelScope("in order", InOrder, oneWay, 7, 3, 3, 1), channelScope("both ways", Ahead, bothWay, 5, 2, 3, 1), again, snapshots,
		restartScope("restart", Ahead, 4, "p1"),
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			x, plain := newExplorer(s), newExplorer(s)
			for seed := range uint64(walks) {
				if err := walk(x, plain, rand.New(rand.NewPCG(seed, 0))); err != nil {
					t.Fatalf("seed %d: %v\n%s", seed, err, x.renderPath())
				}
			}
			t.Logf("%d walks, %d states of processes", walks, len(x.nodes))
		})
	}
}

// walk takes one random order. The explorer plain makes the initial states and
// numbers the frames for the uncopied processes.
func walk(x, plain *explorer, random *rand.Rand) error {
	w := x.begin()
	x.path = nil
	plain.nodes, plain.numbers, plain.recorders = nil, map[string]uint32{}, map[string]*recorder{}
	start := plain.begin()
	var locals []*local
	for i := range x.topology.Processes {
		locals = append(locals, plain.nodes[start.locals[i]].local)
	}
	for {
		x.moves = x.moves[:0]
		x.enable(w)
		if len(x.moves) == 0 {
			break
		}
		m := x.moves[random.IntN(len(x.moves))]
		x.path = append(x.path, m)
		process, e := x.resolve(w, m)
		var ok bool
		if w, ok = x.take(w, m); !ok {
			return fmt.Errorf("a finding: %v", x.found)
		}
		if e.kind == takes || e.kind == returns || e.kind == returnsStale {
			e.item = plain.wires.item(x.wires.frames[e.item])
		}
		s := step{local: locals[process], x: plain, inPlace: true}
		s.do(e)
		if s.found != nil {
			return fmt.Errorf("a finding: %v", s.found)
		}
		got, want := plain.encode(locals[process]), x.encode(x.nodes[w.locals[process]].local)
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s is in state\n%q, in the exploration\n%q", locals[process].id(), got, want)
		}
	}
	return nil
}

// encode is the encoding of a local state without the number of the Recorder, which
// is another one in each explorer, but with the Recorder itself.
func (x *explorer) encode(l *local) []byte {
	c := *l
	var b []byte
	if l.recorder != nil {
		b = appendRecorder(b, l.recorder.Recorder)
		c.recorder = &recorder{l.recorder.Recorder, 0}
	}
	return c.append(b)
}
