package sim

import (
	"slices"
	"time"

	"chandy/snapshot"
)

// faultsUntil is when the last fault has ended. From then on the cluster has to
// converge.
const faultsUntil = 2 * time.Second

// partition separates some processes from the others for a while: both ways, or
// only what these processes send.
type partition struct {
	from, until time.Duration
	some        []snapshot.ProcessID
	oneWay      bool
}

// healed is when what one process sends to another gets through: now, or at the
// end of the partitions between them. Clients are everywhere.
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
					return // another one was quicker
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

// some is a random set of processes.
func (r *runner) some() []snapshot.ProcessID {
	var some []snapshot.ProcessID
	for _, p := range r.cluster.Processes {
		if r.random.IntN(2) == 0 {
			some = append(some, p.ID)
		}
	}
	return some
}

// cutOne breaks one of the connections between nodes that there are.
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

// freeze stops a node, as if its machine hung.
func (w *world) freeze(id snapshot.ProcessID, until time.Duration) {
	n := w.nodes[id]
	w.tell("fault: %s hangs until %v", id, until)
	n.frozen = max(n.frozen, until)
}
