package core

import (
	"fmt"
	"time"

	"chandy/program"
	"chandy/snapshot"
)

// stopHold is why a program receives nothing although its epoch runs: a process has taken a
// snapshot in order to stop, see [plannedStop]. What the programs did from then on would be
// undone when the process comes back. The hold ends with the epoch, when a client resumes
// the process, or when the snapshot is not saved.
type stopHold struct {
	snapshot.Start
	saved bool
	// state is the recorded one, for other snapshots. It is nil unless the program is paused.
	state *program.State
}

// stopHoldCheck is how often a process looks whether the snapshot is saved. The store says
// so: the assembler may have died.
const stopHoldCheck = 100 * time.Millisecond

// holdForStop holds the program from the recording of a snapshot on, because its assembler
// is going to stop.
func (e *epoch) holdForStop(s snapshot.Start, state program.State) {
	c, g := e.core, e.core.agree
	if g == nil || !g.recovers {
		return
	}
	h := &stopHold{Start: s}
	e.heldBy = h
	if p, ok := e.program.(program.Pauser); ok && e.started {
		h.state = &state
		p.Pause()
	}
	g.recovery.heldSince(c.Wall())
	if s.Assembler == c.self {
		return
	}
	c.log.Info().Str("peer", string(s.Assembler)).Str("snapshot", string(s.ID)).Msg("held: the peer saves a snapshot before it stops")
	c.planned.yield(s.Assembler)
	e.lookIfSaved(h)
	wait := min(s.Timeout, c.Cluster.Snapshot.StopTimeout)
	e.after(wait+max(wait/5, 2*time.Second), func() {
		if e.heldBy == h && !h.saved {
			e.goOn("has not saved the snapshot")
		}
	})
}

func (e *epoch) lookIfSaved(h *stopHold) {
	e.after(stopHoldCheck, func() {
		if e.heldBy != h {
			return
		}
		c := e.core
		offLoop(c, func() error {
			_, _, err := c.Store.Manifest(h.ID)
			return err
		}, func(err error) {
			e.guard(func() {
				switch {
				case e.heldBy != h:
				case err != nil:
					e.lookIfSaved(h)
				default:
					h.saved = true
					c.log.Info().Str("peer", string(h.Assembler)).Str("snapshot", string(h.ID)).Msg("held until the peer is back or chandy resume: it has saved a snapshot and stops")
				}
			})()
		})
	})
}

// stopOutcome takes the outcome of a snapshot.
func (e *epoch) stopOutcome(id snapshot.ID, complete bool) {
	if h := e.heldBy; h != nil && h.ID == id && !complete {
		e.goOn("could not save the snapshot")
	}
}

// goOn ends the hold. why follows the name of the process that was to stop.
func (e *epoch) goOn(why string) {
	h := e.heldBy
	e.heldBy = nil
	if h.state != nil {
		e.program.(program.Pauser).Resume()
	}
	e.core.agree.recovery.heldAt = time.Time{}
	e.core.log.Info().Str("snapshot", string(h.ID)).Msg(fmt.Sprintf("goes on: %s %s", h.Assembler, why))
}

// resumeStopped ends the hold because a client asks for it. The store keeps a note of it, for
// processes that start later: the snapshot does not have what happens from now on.
func (e *epoch) resumeStopped() bool {
	if e == nil || e.heldBy == nil {
		return false
	}
	e.goOn("has stopped, and a client resumes this process")
	c, number := e.core, e.number
	offLoop(c, func() error { return c.Store.Resume(number) }, func(err error) {
		if err != nil {
			c.log.Warn().Err(err).Msg("cannot note in the store that the process was resumed")
		}
	})
	return true
}
