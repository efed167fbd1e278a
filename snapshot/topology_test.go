package snapshot

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTopology(t *testing.T) {
	for _, test := range []struct {
		name, graph string
		components  string
		sources     string
		initiators  string // from the last process
		unreached   string // from the last process
	}{
		{"one process", "p1", "[[p1]]", "[[p1]]", "[p1]", "[]"},
		{"self-channel", "p1->p1", "[[p1]]", "[[p1]]", "[p1]", "[]"},
		{"mesh", mesh3, "[[p1 p2 p3]]", "[[p1 p2 p3]]", "[p3]", "[]"},
		{"ring", ring3, "[[p1 p2 p3]]", "[[p1 p2 p3]]", "[p3]", "[]"},
		{"one-way line", oneWay3, "[[p1] [p2] [p3]]", "[[p1]]", "[p3 p1]", "[p1 p2]"},
		{"no channels", "p1 p2 p3", "[[p1] [p2] [p3]]", "[[p1] [p2] [p3]]", "[p3 p1 p2]", "[p1 p2]"},
		{"two rings, one into the other", "a->b b->a b->c c->d d->c", "[[a b] [c d]]", "[[a b]]", "[d a]", "[a b]"},
		{"two sources", "a->c b->c c->c", "[[a] [b] [c]]", "[[a] [b]]", "[c a b]", "[a b]"},
		{"star", "hub->x hub->y x->hub y->hub", "[[hub x y]]", "[[hub x y]]", "[y]", "[]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			topology := graph(test.graph)
			last := topology.Processes[len(topology.Processes)-1]
			for what, got := range map[string][2]any{
				"components": {topology.Components(), test.components},
				"sources":    {topology.Sources(), test.sources},
				"initiators": {topology.Initiators(last), test.initiators},
				"unreached":  {topology.Unreached(last), test.unreached},
			} {
				if fmt.Sprint(got[0]) != got[1] {
					t.Errorf("%s %v, want %v", what, got[0], got[1])
				}
			}
			if left := topology.Unreached(topology.Initiators(last)...); len(left) > 0 {
				t.Errorf("the initiators do not reach %v, want all reached", left)
			}
		})
	}
}

func TestTopologyFollow(t *testing.T) {
	line := NewTopology([]ProcessID{"a", "b", "c", "d"}, []Channel{{"a", "b"}, {"b", "c"}, {"c", "a"}, {"a", "c"}, {"c", "c"}, {"d", "a"}})
	for id, want := range map[ProcessID]int{"a": 1, "b": 2, "c": 2, "d": 2} {
		if got := line.Follow(id); got != want {
			t.Errorf("%s: got %d that follow, want %d", id, got, want)
		}
	}
	if got := NewTopology([]ProcessID{"a"}, nil).Follow("a"); got != 0 {
		t.Errorf("alone: got %d that follow, want 0", got)
	}
}

func TestTopologySorts(t *testing.T) {
	given := []Channel{{"p2", "p1"}, {"p1", "p3"}, {"p1", "p2"}}
	topology := NewTopology(ids("p3 p1 p2"), given)
	got := fmt.Sprint(topology.Processes, topology.Channels, topology.Out("p1"), topology.In("p1"), topology.In("p9"))
	if want := "[p1 p2 p3] [p1->p2 p1->p3 p2->p1] [p2 p3] [p2] []"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if want := (Channel{"p2", "p1"}); given[0] != want {
		t.Errorf("the argument was sorted: it begins with %s, want %s", given[0], want)
	}
	for id, want := range map[ProcessID]bool{"p2": true, "p9": false, "": false} {
		if got := topology.Has(id); got != want {
			t.Errorf("Has(%q) = %v, want %v", id, got, want)
		}
	}
}

// TestTopologyAgainstReachability compares with the plainest definitions: two
// processes are in one component if each reaches the other. The initiators reach every
// process, and no smaller set does.
func TestTopologyAgainstReachability(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 1))
		all := ids("a b c d e")[:1+random.IntN(5)]
		var channels []Channel
		for _, from := range all {
			for _, to := range all {
				if random.IntN(4) == 0 {
					channels = append(channels, Channel{from, to})
				}
			}
		}
		topology := NewTopology(all, channels)
		reaches := func(from, to ProcessID) bool { return !slices.Contains(topology.Unreached(from), to) }
		for _, one := range topology.Components() {
			for _, p := range one {
				for _, q := range all {
					if together := reaches(p, q) && reaches(q, p); together != slices.Contains(one, q) {
						t.Fatalf("seed %d: %v: components %v, want %s and %s together: %v", seed, channels, topology.Components(), p, q, together)
					}
				}
			}
		}
		for _, first := range all {
			got := topology.Initiators(first)
			if got[0] != first || len(topology.Unreached(got...)) > 0 || len(got) != fewest(topology, first) {
				t.Fatalf("seed %d: %v: initiators from %s: %v, want %d that reach all", seed, channels, first, got, fewest(topology, first))
			}
		}
	}
}

// fewest returns the size of the smallest set with first that reaches every process.
func fewest(t *Topology, first ProcessID) int {
	best := len(t.Processes)
	for set := range 1 << len(t.Processes) {
		all := []ProcessID{first}
		for i, id := range t.Processes {
			if set>>i&1 == 1 && id != first {
				all = append(all, id)
			}
		}
		if len(all) < best && len(t.Unreached(all...)) == 0 {
			best = len(all)
		}
	}
	return best
}
