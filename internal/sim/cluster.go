package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"chandy/internal/config"
	"chandy/snapshot"
)

// processesMax bounds the size of a random cluster.
const processesMax = 7

// randomCluster returns a random cluster: processes, channels, program and delay. Runs
// with faults cover more virtual time, so their programs send less.
func randomCluster(r *rand.Rand, faults bool) config.Definition {
	rates, holds := []int{0, 5, 50, 500, 2000}, []int{0, 10, 100, 5000}
	if faults {
		rates, holds = []int{5, 50, 200}, []int{1000, 5000}
	}
	d := config.Definition{Name: "sim"}
	n := 1 + r.IntN(processesMax)
	for i, channels := range randomChannels(r, n) {
		d.Processes = append(d.Processes, config.ProcessDefinition{
			ID: name(i), Address: fmt.Sprintf("127.0.0.1:%d", 7101+i), Channels: channels,
		})
	}
	if r.IntN(4) == 0 {
		d.Program = map[string]any{"kind": "token", "holder": name(r.IntN(n)), "hold": microseconds(pick(r, holds...))}
	} else {
		d.Program = map[string]any{
			"kind": "bank", "balance": r.IntN(1000), "transfers_per_second": pick(r, rates...), "max_transfer": 1 + r.IntN(100),
		}
	}
	d.Network.Delay = microseconds(pick(r, 0, 0, 100, 1000, 20000))
	d.Snapshot.Markers = []string{"in-order", "ahead"}[r.IntN(2)]
	return d
}

// name returns the id of process i, from 0.
func name(i int) snapshot.ProcessID { return snapshot.ProcessID(fmt.Sprintf("p%d", i+1)) }

func microseconds(n int) time.Duration { return time.Duration(n) * time.Microsecond }

// randomChannels returns the receivers of each process's outgoing channels: a mesh, a
// ring, a line, or any graph, sometimes with self-channels.
func randomChannels(r *rand.Rand, n int) [][]snapshot.ProcessID {
	lists := make([][]snapshot.ProcessID, n)
	shape, density, self := r.IntN(4), r.Float64(), r.Float64()
	for i := range n {
		lists[i] = []snapshot.ProcessID{} // not nil, which would mean every other process
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
				lists[i] = append(lists[i], name(j))
			}
		}
	}
	return lists
}

func pick(r *rand.Rand, all ...int) int { return all[r.IntN(len(all))] }
