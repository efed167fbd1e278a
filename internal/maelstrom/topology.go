package maelstrom

import (
	"encoding/json"
	"maps"
	"math"
	"slices"

	"chandy/snapshot"
)

// Neighbours maps each process to the processes that it should send to.
type Neighbours map[snapshot.ProcessID][]snapshot.ProcessID

// shapes are the topologies of Maelstrom's option --topology. Each returns the places of
// the neighbours of place i among n, in the same order as Maelstrom.
var shapes = map[string]func(i, n int) []int{
	"grid":  grid,
	"line":  func(i, n int) []int { return within([]int{i - 1, i + 1}, n) },
	"total": total,
	"tree2": func(i, n int) []int { return tree(2, i, n) },
	"tree3": func(i, n int) []int { return tree(3, i, n) },
	"tree4": func(i, n int) []int { return tree(4, i, n) },
}

// Shapes returns the names of all shapes, sorted.
func Shapes() []string { return slices.Sorted(maps.Keys(shapes)) }

// Arrange returns the neighbours of all processes in a shape, which must be one of Shapes.
// The order of the processes decides their places.
func Arrange(shape string, ids []snapshot.ProcessID) Neighbours {
	all := Neighbours{}
	for i, id := range ids {
		all[id] = []snapshot.ProcessID{}
		for _, place := range shapes[shape](i, len(ids)) {
			all[id] = append(all[id], ids[place])
		}
	}
	return all
}

// TopologyBody returns the body of the message topology.
func TopologyBody(all Neighbours) []byte {
	b, err := json.Marshal(struct {
		Type     string     `json:"type"`
		Topology Neighbours `json:"topology"`
	}{"topology", all})
	if err != nil {
		panic("bug: a topology that is not JSON: " + err.Error())
	}
	return b
}

// grid arranges the places in rows, in a square as far as they fill one.
func grid(i, n int) []int {
	side := int(math.Ceil(math.Sqrt(float64(n))))
	near := []int{i + side, i - side}
	if (i+1)%side != 0 {
		near = append(near, i+1)
	}
	if i%side != 0 {
		near = append(near, i-1)
	}
	return within(near, n)
}

func total(i, n int) []int {
	var near []int
	for j := range n {
		if j != i {
			near = append(near, j)
		}
	}
	return near
}

// tree arranges the places in a tree that is filled row by row. Place 0 is the root, and
// each place has up to b children. The parent comes first.
func tree(b, i, n int) []int {
	var near []int
	if i > 0 {
		near = append(near, (i-1)/b)
	}
	for child := b*i + 1; child <= b*i+b; child++ {
		near = append(near, child)
	}
	return within(near, n)
}

// within returns the places that exist among n.
func within(places []int, n int) []int {
	return slices.DeleteFunc(places, func(i int) bool { return i < 0 || i >= n })
}
