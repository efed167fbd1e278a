package maelstrom

import (
	"fmt"
	"slices"
	"testing"

	"chandy/snapshot"
)

func ids(n int) []snapshot.ProcessID {
	all := make([]snapshot.ProcessID, n)
	for i := range all {
		all[i] = snapshot.ProcessID(fmt.Sprintf("n%d", i))
	}
	return all
}

// The expected texts follow Maelstrom's src/maelstrom/workload/broadcast.clj.
func TestNeighboursAreThoseOfMaelstrom(t *testing.T) {
	for _, c := range []struct {
		shape string
		n     int
		want  string
	}{
		{"grid", 1, `{"n0":[]}`},
		{"grid", 2, `{"n0":["n1"],"n1":["n0"]}`},
		{"grid", 3, `{"n0":["n2","n1"],"n1":["n0"],"n2":["n0"]}`},
		{"grid", 5, `{"n0":["n3","n1"],"n1":["n4","n2","n0"],"n2":["n1"],"n3":["n0","n4"],"n4":["n1","n3"]}`},
		{"line", 1, `{"n0":[]}`},
		{"line", 4, `{"n0":["n1"],"n1":["n0","n2"],"n2":["n1","n3"],"n3":["n2"]}`},
		{"total", 3, `{"n0":["n1","n2"],"n1":["n0","n2"],"n2":["n0","n1"]}`},
		{"tree2", 6, `{"n0":["n1","n2"],"n1":["n0","n3","n4"],"n2":["n0","n5"],"n3":["n1"],"n4":["n1"],"n5":["n2"]}`},
		{"tree3", 5, `{"n0":["n1","n2","n3"],"n1":["n0","n4"],"n2":["n0"],"n3":["n0"],"n4":["n1"]}`},
		{"tree4", 6, `{"n0":["n1","n2","n3","n4"],"n1":["n0","n5"],"n2":["n0"],"n3":["n0"],"n4":["n0"],"n5":["n1"]}`},
	} {
		want := `{"type":"topology","topology":` + c.want + `}`
		if got := string(TopologyBody(Arrange(c.shape, ids(c.n)))); got != want {
			t.Errorf("%s of %d:\n got %s\nwant %s", c.shape, c.n, got, want)
		}
	}
}

func TestEveryShapeConnectsAllProcesses(t *testing.T) {
	for _, shape := range Shapes() {
		for n := 1; n <= 30; n++ {
			all := Arrange(shape, ids(n))
			reached := []snapshot.ProcessID{"n0"}
			for i := 0; i < len(reached); i++ {
				for _, id := range all[reached[i]] {
					if !slices.Contains(all[id], reached[i]) {
						t.Errorf("%s of %d: got %s a neighbour of %s only, want both ways", shape, n, id, reached[i])
					}
					if !slices.Contains(reached, id) {
						reached = append(reached, id)
					}
				}
			}
			if len(reached) != n {
				t.Errorf("%s of %d: got %d processes that n0 reaches, want all", shape, n, len(reached))
			}
		}
	}
}
