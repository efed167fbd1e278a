package sim

import (
	"slices"
	"time"

	"chandy/snapshot"
)

// faultsUntil is the time at which the last fault has ended. From then on the cluster
// must converge.
const faultsUntil = 2 * time.Second

// partition separates some processes from all others for a while. If oneWay is set,
// only the frames that these processes send are held back.
type partition struct {
	from, until time.Duration
	some        []snapshot.ProcessID
	oneWay      bool
}

// healed returns the time from which frames from one process to another get through:
// now, or the end of the partitions between them. No partition concerns a client.
func (w *world) healed(from, to snapshot.ProcessID) time.Duration {
	at := w.now
	for _, p := range w.partitions {
		inside, beyond := slices.Contains(p.some, from), slices.Contains(p.some, to)
		cut := inside != beyond && (inside || !p.oneWay)
		if from != "" && to != "" && cut && p.from <= at && at < p.until {
			at = p.until
		}
	}
	return at
}

// plant plans random faults.
func (r *runner) plant() {
	for range r.random.IntN(12) {
		at := time.Duration(r.random.Int64N(int64(faultsUntil)))
		process := r.cluster.Processes[r.random.IntN(len(r.cluster.Processes))]
		switch r.random.IntN(8) {
		default:
			n := r.random.Uint64()
			r.at(at, func() { r.cutOne(n) })
		case 0, 1:
			r.partitions = append(r.partitions, partition{
				from: at, until: min(faultsUntil, at+r.short()), some: r.some(), oneWay: r.random.IntN(2) == 0,
			})
		case 2:
			until := min(faultsUntil, at+r.short())
			r.at(at, func() { r.freeze(process.ID, until) })
		case 3:
			back := min(faultsUntil, at+r.short())
			r.restarts++
			r.at(at, func() {
				r.tell("fault: %s crashes", process.ID)
				r.nodes[process.ID].crash()
			})
			r.at(back, func() {
				if !r.nodes[process.ID].down {
					return // an overlapping fault has restarted it already
				}
				r.tell("fault: %s starts again", process.ID)
				if err := r.start(process); err != nil {
					panic("bug: " + err.Error())
				}
			})
		}
	}
}

func (r *runner) short() time.Duration { return time.Duration(r.random.Int64N(int64(time.Second))) }

// some returns a random set of processes.
func (r *runner) some() []snapshot.ProcessID {
	var some []snapshot.ProcessID
	for _, p := range r.cluster.Processes {
		if r.random.IntN(2) == 0 {
			some = append(some, p.ID)
		}
	}
	return some
}

// cutOne breaks one of the connections between nodes, the n-th modulo their number.
func (w *world) cutOne(n uint64) {
	var all []*end
	for _, p := range w.cluster.Processes {
		node := w.nodes[p.ID]
		for id := range node.dialled {
			if one := node.ends[id+1]; one != nil {
				all = append(all, one)
			}
		}
	}
	if len(all) > 0 {
		one := all[n%uint64(len(all))]
		w.tell("fault: a connection %s-%s breaks", one.host, one.other.host)
		one.cut()
	}
}

// freeze stops a node until a time, as if its machine hung.
func (w *world) freeze(id snapshot.ProcessID, until time.Duration) {
	n := w.nodes[id]
	w.tell("fault: %s hangs until %v", id, until)
	n.frozen = max(n.frozen, until)
}
