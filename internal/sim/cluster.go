package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// processesMax bounds the size of a random cluster.
const processesMax = 7

// randomCluster is the text of a random cluster file: processes, channels,
// program and delay. With faults, which take longer, it has less to do.
func randomCluster(r *rand.Rand, faults bool) string {
	rates, holds := []int{0, 5, 50, 500, 2000}, []int{0, 10, 100, 5000}
	if faults {
		rates, holds = []int{5, 50, 200}, []int{1000, 5000}
	}
	n := 1 + r.IntN(processesMax)
	channels := randomChannels(r, n)
	var b strings.Builder
	b.WriteString("name = \"sim\"\n")
	for i := range n {
		fmt.Fprintf(&b, "[[process]]\nid = \"p%d\"\naddress = \"127.0.0.1:%d\"\nchannels = [%s]\n", i+1, 7101+i, channels[i])
	}
	if r.IntN(4) == 0 {
		fmt.Fprintf(&b, "[program]\nkind = \"token\"\nholder = \"p%d\"\nhold = \"%dus\"\n", 1+r.IntN(n), pick(r, holds...))
	} else {
		fmt.Fprintf(&b, "[program]\nkind = \"bank\"\nbalance = %d\ntransfers_per_second = %d\nmax_transfer = %d\n",
			r.IntN(1000), pick(r, rates...), 1+r.IntN(100))
	}
	fmt.Fprintf(&b, "[network]\ndelay = \"%dus\"\n", pick(r, 0, 0, 100, 1000, 20000))
	fmt.Fprintf(&b, "[snapshot]\nmarkers = \"%s\"\n", []string{"in-order", "ahead"}[r.IntN(2)])
	return b.String()
}

// randomChannels is for each process the list of its outgoing channels: a mesh, a
// ring, a line, or any graph, sometimes with self-channels.
func randomChannels(r *rand.Rand, n int) []string {
	lists := make([][]string, n)
	shape, density, self := r.IntN(4), r.Float64(), r.Float64()
	for i := range n {
		for j := range n {
			var there bool
			switch {
			case i == j:
				there = self > 0.7 && r.Float64() < 0.5
			case shape == 0: // mesh
				there = true
			case shape == 1: // ring
				there = j == (i+1)%n
			case shape == 2: // line
				there = j == i+1
			default:
				there = r.Float64() < density
			}
			if there {
				lists[i] = append(lists[i], fmt.Sprintf("\"p%d\"", j+1))
			}
		}
	}
	texts := make([]string, n)
	for i, l := range lists {
		texts[i] = strings.Join(l, ", ")
	}
	return texts
}

func pick(r *rand.Rand, all ...int) int { return all[r.IntN(len(all))] }
