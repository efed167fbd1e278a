package command

import (
	"time"

	"chandy/snapshot"
)

// Waits of chandy up --restart before it starts a node again.
const (
	restartMin    = 200 * time.Millisecond
	restartMax    = 10 * time.Second
	restartSettle = time.Minute // a node that has run so long begins with restartMin again
)

// restarts says when the nodes that have ended start again. It belongs to one goroutine,
// which receives from due.
type restarts struct {
	due    chan snapshot.ProcessID
	done   chan struct{}
	waited map[snapshot.ProcessID]time.Duration
}

func newRestarts() *restarts {
	return &restarts{make(chan snapshot.ProcessID), make(chan struct{}), map[snapshot.ProcessID]time.Duration{}}
}

// after sends the id of a node that has ended to due, after a time that doubles while the
// node ends soon after each start. It returns that time.
func (r *restarts) after(one *child, now time.Time) time.Duration {
	wait := min(max(restartMin, 2*r.waited[one.id]), restartMax)
	if now.Sub(one.begun) > restartSettle {
		wait = restartMin
	}
	r.waited[one.id] = wait
	time.AfterFunc(wait, func() {
		select {
		case r.due <- one.id:
		case <-r.done:
		}
	})
	return wait
}

// stop ends the waits.
func (r *restarts) stop() { close(r.done) }

// loops returns the channel of the recovery loops that the nodes find. Without --restart it is
// nil: it is up to somebody else then whether the nodes start again.
func (l *launcher) loops() <-chan event {
	if !l.restart {
		return nil
	}
	return l.lines.loops
}

// mayRestart reports whether it can help to start the node again. It cannot if the node
// refused its command line or its cluster file, before it listened.
func (c *child) mayRestart() bool { return c.listened || c.cmd.ProcessState.ExitCode() != exitUsage }
