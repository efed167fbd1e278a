package diagram

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chandy/snapshot"
)

func TestATopologyIsDrawnInsideThePictureWithABowForEachComponent(t *testing.T) {
	for _, n := range []int{1, 2, 3, 30, 200} {
		// Pairs that reach each other, each pair reaching the next one.
		var ids []snapshot.ProcessID
		var channels []snapshot.Channel
		for i := range n {
			ids = append(ids, snapshot.ProcessID(fmt.Sprintf("p%03d", i)))
		}
		for i := 1; i < n; i++ {
			channels = append(channels, snapshot.Channel{From: ids[i-1], To: ids[i]})
			if i%2 == 1 {
				channels = append(channels, snapshot.Channel{From: ids[i], To: ids[i-1]})
			}
		}
		topology := snapshot.NewTopology(ids, channels)
		m := newTopologyMap(topology)
		for id, p := range m.at {
			if p.X < 60 || p.X > m.size-60 || p.Y < topologyTop || p.Y > m.height-nodeHeight {
				t.Errorf("%d processes: got %s at %v, want it inside %v × %v", n, id, p, m.size, m.height)
			}
			for other, q := range m.at {
				if id < other && max(p.X-q.X, q.X-p.X) < 40 && max(p.Y-q.Y, q.Y-p.Y) < nodeHeight {
					t.Errorf("%d processes: got %s at %v and %s at %v, want them apart", n, id, p, other, q)
				}
			}
		}
		svg := written(t, func(b *strings.Builder) error { return Topology(b, "<&>", topology) })
		names, _ := texts(t, svg)
		for _, id := range ids {
			if !slices.Contains(names, string(id)) {
				t.Errorf("%d processes: got no text %s", n, id)
			}
		}
		if got, want := strings.Count(svg, `class="bow"`), n/2; got != want {
			t.Errorf("%d processes: got %d bows, want %d", n, got, want)
		}
		if got, want := strings.Count(svg, "\n<path d="), n-1; got != want {
			t.Errorf("%d processes: got %d lines, want %d", n, got, want)
		}
	}
}
