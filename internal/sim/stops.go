package sim

import (
	"fmt"
	"time"

	"chandy/internal/core"
	"chandy/snapshot"
)

// stopGrace is how long a node may take beyond its stop_timeout until it ends.
const stopGrace = 3 * time.Second

// stopAny asks one process to stop, or several, or all of them, as Ctrl-C does: a node that
// recovers saves first. They start again after a while.
func (r *runner) stopAny() {
	all := []snapshot.ProcessID{r.anybody()}
	switch r.random.IntN(4) {
	case 0:
		all = all[:0]
		for _, p := range r.cluster.Processes {
			all = append(all, p.ID)
		}
	case 1:
		all = r.some()
	}
	for _, id := range all {
		r.after(time.Duration(r.random.IntN(200))*time.Millisecond, r.nodes[id].stop)
	}
}

// stop asks the node to stop. It must end in time, unless it is frozen.
func (n *node) stop() {
	w := n.world
	if n.down {
		return
	}
	atOnce := w.random.IntN(8) == 0
	w.tell("%s is asked to stop, at once: %t", n.id, atOnce)
	n.happened(core.Stopping{AtOnce: atOnce})
	limit := w.cluster.Snapshot.StopTimeout + stopGrace
	if atOnce {
		limit = stopGrace
	}
	var check func()
	check = func() {
		switch {
		case n.down:
		case n.frozen+limit > w.now:
			w.at(n.frozen+limit, check)
		default:
			w.fail("%s has not ended within %v, although it was asked to", n.id, limit)
		}
	}
	w.after(limit, check)
}

// ended takes the exit of a node. One that was asked to stop starts again.
func (n *node) ended(err error) {
	w := n.world
	w.tell("%s exits: %v", n.id, err)
	if n.err = err; err != nil {
		n.crash()
		return
	}
	w.stops++
	w.restart(n, time.Duration(w.random.Int64N(int64(3*time.Second))))
}

// savedToStop takes the line of a node that has saved a snapshot and stops. What a client is
// told of a snapshot holds for that one too. The programs are held since, so that nothing is
// undone later.
func (n *node) savedToStop(text string) {
	w := n.world
	var id snapshot.ID
	if _, err := fmt.Sscanf(text, "saved %s when", &id); err != nil {
		return
	}
	id = id[:len(id)-1] // without the colon
	w.savedToStop = append(w.savedToStop, id)
	if w.calm {
		w.heldToStop[n.epoch] = id
	}
}
