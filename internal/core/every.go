package core

import (
	"time"

	"chandy/snapshot"
)

// saveEvery makes this node save snapshots by itself, if the cluster file says so. The first
// process does it. Each of the others begins later than the one before it, and waits anew
// whenever it takes part in a snapshot that is saved. So they save only if the processes
// before them do not.
func (e *epoch) saveEvery() {
	every := e.core.Cluster.Snapshot.Every
	if every == 0 {
		return
	}
	e.nextSave.cancel()
	wait := every + time.Duration(e.peers[e.core.self].index)*e.core.Cluster.Snapshot.Timeout
	e.nextSave = e.after(wait, func() {
		c := e.core
		if c.stopping {
			return
		}
		again := func() { e.guard(e.saveEvery)() }
		if e.heldBy != nil { // everything is saved
			again()
			return
		}
		s := &save{
			epoch: e, initiators: c.initiators(), deadline: c.now + c.Cluster.Snapshot.Timeout, wants: snapshot.Wants{Save: true, Light: true},
			started: func(*assembling) {}, finished: func(*taken) { again() },
			refused: func(error) { again() },
		}
		s.take()
	})
}
