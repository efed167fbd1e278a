package core

import (
	"maps"
	"slices"
	"time"

	"chandy/internal/printable"
	"chandy/snapshot"
	"chandy/wire"
)

// assembling is a snapshot whose parts come together at this process.
type assembling struct {
	snapshot.Start
	initiators []snapshot.ProcessID
	// owner is the client that asked for the snapshot. The snapshot ends when its
	// session does. Nil means that the snapshot outlives its client.
	owner        *session
	collector    *snapshot.Collector
	started      time.Duration  // on the clock of the steps
	contributors []*contributor // connections to which the outcome is sent
	finished     func(*taken)
	timeUp       *timer
	saving       *saving // nil unless the snapshot is to be saved
	decoding     int     // bytes of sections that are decoded off the loop
	memoryFull   string  // why it was ended early; empty if it was not
}

// initiate starts a snapshot of which this process is the assembler and the first
// initiator. It calls finished once, with the complete or partial snapshot, unless the
// snapshot is cancelled. An error means that nothing was started.
//
// The initiators must begin with this process. finishSnapshot abandons this process's own
// recording when the time is up, so watchDeadlines need not be called.
func (e *epoch) initiate(initiators []snapshot.ProcessID, timeout time.Duration, wants snapshot.Wants, finished func(*taken)) (*assembling, error) {
	return e.begin(e.newID(e.core.Wall()), initiators, timeout, wants, finished)
}

// begin is initiate with an id that newID has made.
func (e *epoch) begin(id snapshot.ID, initiators []snapshot.ProcessID, timeout time.Duration, wants snapshot.Wants, finished func(*taken)) (*assembling, error) {
	c, wall := e.core, e.core.Wall()
	start := snapshot.Start{ID: id, Assembler: c.self, Deadline: c.now + timeout, Timeout: timeout, Wants: wants}
	effects, err := e.recorder.Initiate(start)
	if err != nil {
		return nil, err
	}
	a := &assembling{
		Start: start, initiators: initiators, started: c.now, finished: finished,
		collector: snapshot.NewCollector(snapshot.Plan{
			ID: start.ID, Cluster: c.Cluster.Name, Epoch: e.number, Topology: c.topology, Initiators: initiators, StartedAt: wall,
			Wants: wants,
		}),
	}
	e.assemblies[start.ID] = a
	c.log.Debug().Str("snapshot", string(start.ID)).Msg("snapshot initiated")
	for _, other := range initiators[1:] {
		join := wire.Join{Snapshot: start.ID, Assembler: start.Assembler, Wants: wants} // flush adds the time left
		e.uplink(other).ship(start, []wire.Frame{join})
	}
	a.timeUp = e.timers.add(start.Deadline, func() { e.finishSnapshot(a) })
	e.obey(effects)
	return a, nil
}

// mayBegin reports whether a marker of a snapshot may start a recording here. At the
// assembler it may not unless the snapshot is in progress, because the assembler records
// before there is any marker. Such a marker is late, and its snapshot may have ended before
// this node started.
func (e *epoch) mayBegin(s snapshot.Start) bool {
	return s.Assembler != e.core.self || e.assemblies[s.ID] != nil
}

// newID returns an id for a snapshot that starts now. Ids must ascend, so the time in the
// id follows the last one if the wall clock was set back.
func (e *epoch) newID(wall time.Time) snapshot.ID {
	wall = wall.Round(0) // without the monotonic clock, which Before would compare
	if next := e.lastID.Add(time.Microsecond); wall.Before(next) {
		wall = next
	}
	e.lastID = wall
	return snapshot.ID(NewName(wall, e.core.Rand))
}

// collect takes pieces of the part of any process, including this one.
func (e *epoch) collect(id snapshot.ID, pieces []snapshot.Piece) {
	a := e.assemblies[id]
	if a == nil {
		return
	}
	for _, piece := range pieces {
		if err := a.collector.Add(e.core.now-a.started, piece); err != nil {
			e.core.log.Error().Err(err).Str("snapshot", string(id)).Msg("piece of a part dropped")
		}
		e.grew(weight(piece))
	}
	if a.collector.Done() {
		e.finishSnapshot(a)
	}
}

// collectRestarted ends the snapshots that are assembled here and wait for a process
// that restarted, because its part will not be completed. The recorder reports a
// restart only where this process's own part is incomplete.
func (e *epoch) collectRestarted(id snapshot.ProcessID) {
	failed := snapshot.Failed{Process: id, Reason: snapshot.ProcessRestarted, Detail: "noticed by " + string(e.core.self)}
	for _, name := range slices.Sorted(maps.Keys(e.assemblies)) {
		if slices.Contains(e.assemblies[name].collector.Waits(), id) {
			e.collect(name, []snapshot.Piece{failed})
		}
	}
}

// finishSnapshot ends a snapshot: it assembles the parts that have come, calls finished,
// and sends all contributors the outcome. A large snapshot is assembled off the loop.
func (e *epoch) finishSnapshot(a *assembling) {
	if e.assemblies[a.ID] != a {
		return
	}
	c, elapsed, why := e.core, e.core.now-a.started, e.whyMissing(a)
	e.release(a)
	r := &result{bytes: a.collector.Bytes(), snapshot: true}
	c.hold(r)
	c.work(r.bytes+channelWork*len(c.topology.Channels), func() any { return a.take(r, elapsed, why) }, func(done any) {
		delete(c.results, r) // a client holds it again
		t := done.(*taken)
		e.logSnapshot(t)
		a.sendOutcome(t.Status())
		if a.saving == nil {
			a.finished(t)
			return
		}
		c.hold(r)
		e.conclude(a, t, func() {
			delete(c.results, r)
			a.finished(t)
		})
	})
}

// channelWork is how many bytes the assembling of a channel counts for.
const channelWork = 32

// cancel ends the snapshots of a client that has gone. No part of them is assembled.
// Processes that have sent nothing yet receive the outcome when they do, see announce.
func (e *epoch) cancel(owner *session) {
	for _, id := range slices.Sorted(maps.Keys(e.assemblies)) {
		if a := e.assemblies[id]; a.owner == owner {
			e.cancelOne(a, "its client has gone")
		}
	}
}

// cancelOne ends a snapshot that is assembled here, if it is still in progress.
func (e *epoch) cancelOne(a *assembling, why string) {
	if e.assemblies[a.ID] != a {
		return
	}
	e.release(a)
	e.core.log.Info().Str("snapshot", string(a.ID)).Msg("snapshot cancelled: " + why)
	if a.saving != nil {
		e.core.giveBack(e.number, a.saving.number, why, func() {})
	}
	a.sendOutcome(wire.StatusPartial)
}

// release frees whatever this process holds of a snapshot that it assembles.
func (e *epoch) release(a *assembling) {
	delete(e.assemblies, a.ID)
	a.timeUp.cancel()
	for _, one := range a.contributors {
		one.dropAll(a.ID)
	}
	e.recorder.Abandon(a.ID)
	e.forget(a.ID, e.core.self)
	for _, id := range a.initiators[1:] {
		e.uplink(id).forget(a.ID)
	}
}

func (a *assembling) sendOutcome(status string) {
	for _, one := range a.contributors {
		one.outcome(a.ID, status)
	}
}

func (e *epoch) logSnapshot(t *taken) {
	log := &e.core.log
	for _, m := range t.Missing {
		if m.Reason == snapshot.Inconsistent {
			log.Error().Str("snapshot", string(t.ID)).Str("channel", m.Channel.String()).Msg("bug: the certificate does not hold: " + printable.Text(m.Detail)) // a peer can send this reason
		}
	}
	log.Info().Str("snapshot", string(t.ID)).Str("status", t.Status()).Int("in_flight", t.inFlight).
		Float64("elapsed_ms", milliseconds(t.Elapsed)).Msg("snapshot taken")
}

// whyMissing returns a function that explains why the part of a process did not come. The
// function may run off the loop.
func (e *epoch) whyMissing(a *assembling) func(snapshot.ProcessID) (snapshot.Reason, string) {
	if a.memoryFull != "" {
		return func(snapshot.ProcessID) (snapshot.Reason, string) { return snapshot.PartNotReceived, a.memoryFull }
	}
	if a.collector.Restarted() {
		return func(snapshot.ProcessID) (snapshot.Reason, string) {
			return snapshot.PartNotReceived, "the snapshot ended when a process had restarted"
		}
	}
	known := map[snapshot.ProcessID]snapshot.Missing{}
	for _, id := range a.collector.Waits() {
		reason, detail := e.explain(id)
		known[id] = snapshot.Missing{Reason: reason, Detail: detail}
	}
	return func(id snapshot.ProcessID) (snapshot.Reason, string) { return known[id].Reason, known[id].Detail }
}
