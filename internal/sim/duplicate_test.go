package sim

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"chandy/internal/config"
	"chandy/internal/explore"
	"chandy/wire"
)

// duplicateSeeds is how many seeds each case of TestTwoNodesOfOneProcess runs with.
const duplicateSeeds = 12

// Two nodes run as p2. One of them ends with an error and the other one stays, whichever
// stood still and for how long. From then on nothing changes: no channel goes down, and a
// snapshot is complete.
func TestTwoNodesOfOneProcess(t *testing.T) {
	definition := config.Definition{Name: "sim", Program: map[string]any{"kind": "bank", "balance": 100, "transfers_per_second": 1}}
	for i := range 4 {
		definition.Processes = append(definition.Processes, config.ProcessDefinition{ID: name(i), Address: fmt.Sprintf("127.0.0.1:%d", 7101+i)})
	}
	cluster, err := config.Build(definition)
	if err != nil {
		t.Fatal(err)
	}
	seeds := uint64(duplicateSeeds)
	if explore.Race {
		seeds = 2
	}
	for _, stands := range []string{"none", "first", "second", "none, started together"} {
		firstWon := uint64(0)
		for seed := range seeds {
			w := newWorld(seed, cluster, nil)
			w.latencyMax = 5 * time.Millisecond
			for _, p := range cluster.Processes {
				if err := w.start(p); err != nil {
					t.Fatal(err)
				}
			}
			if stands != "none, started together" {
				w.run(3 * time.Second)
			}
			first := w.nodes["p2"]
			still := time.Duration(w.random.Int64N(int64(3 * time.Second)))
			if seed%4 == 0 {
				still *= 10
			}
			if stands == "first" {
				first.frozen = w.now + still
				w.run(w.now + time.Duration(w.random.Int64N(int64(still))))
			}
			p2, _ := cluster.Process("p2")
			if err := w.start(p2); err != nil {
				t.Fatal(err)
			}
			second := w.nodes["p2"]
			if stands == "second" {
				w.run(w.now + time.Duration(w.random.Int64N(int64(100*time.Millisecond))))
				second.frozen = w.now + still
			}
			w.run(w.now + 90*time.Second)
			if first.down == second.down || (first.err == nil) == (second.err == nil) {
				t.Fatalf("%s stood still, seed %d: got ended %v (%v) and %v (%v), want one of the two", stands, seed, first.down, first.err, second.down, second.err)
			}
			if second.down {
				firstWon++
				w.nodes["p2"] = first // from now on the address of p2 leads to it
				w.run(w.now + 5*time.Second)
			}
			before := reconnects(t, w)
			w.run(w.now + 20*time.Second)
			if after := reconnects(t, w); after != before {
				t.Errorf("%s stood still, seed %d: got %d reconnects 20 s later, want still %d", stands, seed, after, before)
			}
			s := w.ask("p1", wire.InitiateRequest{TimeoutMS: timeout.Milliseconds(), Compact: true})
			w.run(w.now + timeout + time.Second)
			if !s.ended || s.refused != "" || !json.Valid(s.text) {
				t.Errorf("%s stood still, seed %d: got the snapshot %.200s (%s), want one", stands, seed, s.text, s.refused)
			}
		}
		t.Logf("%s stood still: the first node stayed in %d of %d runs", stands, firstWon, seeds)
		if stands == "none" && firstWon != seeds {
			t.Errorf("both nodes lived: the first one stayed in %d of %d runs, want all", firstWon, seeds)
		}
	}
}

// reconnects returns how often channels have come up again, at all nodes. All channels must
// be up.
func reconnects(t *testing.T, w *world) (n uint64) {
	t.Helper()
	for id, one := range w.nodes {
		for _, o := range one.status().Outgoing {
			if !o.Up {
				t.Errorf("channel %s->%s: got down (%s), want up", id, o.To, o.Error)
			}
			n += o.Reconnects
		}
	}
	return n
}
