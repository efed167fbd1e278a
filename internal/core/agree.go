package core

import (
	"errors"
	"maps"
	"slices"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/saved"
	"chandy/program"
	"chandy/snapshot"
)

// Agreement is what a node needs to go to another epoch, besides Store and NewProgram. With
// it, the node begins its first epoch by itself, once it has read the store. The host sends
// no Begin.
type Agreement struct {
	agreement.Options
	// Start is the saved snapshot from which the cluster is to start. Until it has gone there,
	// the node waits without a program. Nil means that it starts from its initial state, or
	// where it is.
	Start *agreement.Order
	// Program is the first instance of the program, which has not started. If it is nil,
	// NewProgram makes that one too.
	Program program.Program
}

// agreeing carries out the effects of an [agreement.Agent], and reports events to it. It
// outlives epochs.
type agreeing struct {
	core     *Core
	recovers bool            // [agreement.Options.Recover]
	older    bool            // [agreement.Options.Older]
	first    program.Program // not used yet, or nil
	start    *agreement.Order
	agent    *agreement.Agent
	alarms   map[agreement.AlarmName]*timer
	links    map[snapshot.ProcessID]*agreeLink   // connections that this node dials
	answers  map[snapshot.ProcessID]*agreeAnswer // connections of proposers
	loading  *loading                            // the instance that is loaded and held, or on its way
	order    *order                              // of a client

	resuming []waiter // clients that wait until the epoch runs
	recovery recovery
}

// newAgreeing returns the agreement of a node. It reads the store in the first step.
func newAgreeing(c *Core, o *Agreement) *agreeing {
	options := o.Options
	options.Start = o.Start != nil
	g := &agreeing{
		core: c, recovers: options.Recover, older: options.Older, first: o.Program, agent: agreement.New(c.self, c.Incarnation, c.topology.Processes, options),
		alarms: map[agreement.AlarmName]*timer{},
		links:  map[snapshot.ProcessID]*agreeLink{}, answers: map[snapshot.ProcessID]*agreeAnswer{},
	}
	c.after(0, func() { g.obey(g.agent.Start()) })
	if g.start = o.Start; g.start != nil && c.self == c.topology.Processes[0] { // one must propose it
		c.after(0, g.proposeStart)
	}
	return g
}

// obey carries out effects, in order.
func (g *agreeing) obey(effects []agreement.Effect) {
	for _, e := range effects {
		switch e.(type) {
		case agreement.ReadStore, agreement.Alarm: // too many
		default:
			g.core.log.Debug().Msg("agreement: " + e.String())
		}
		g.one(e)
	}
	g.keepLinks()
}

func (g *agreeing) one(e agreement.Effect) {
	switch e := e.(type) {
	case agreement.ReadStore, agreement.Keep, agreement.Create, agreement.CreateRun:
		g.ask(e)
	case agreement.Load:
		g.load(e.Proposal)
	case agreement.Drop:
		g.drop()
	case agreement.Adopt:
		g.adopt(e)
	case agreement.Hold:
		g.hold(e.Restarted)
	case agreement.Wait:
		if g.core.warns("store") {
			g.core.log.Warn().Msg("the recovery waits: " + e.Why)
		}
	case agreement.Run:
		g.run()
	case agreement.Send:
		g.send(e)
	case agreement.Alarm:
		g.alarms[e.Name].cancel()
		g.alarms[e.Name] = g.core.after(e.After, func() { g.obey(g.agent.Rang(e.Name)) })
	case agreement.Ended:
		g.ended(e)
	}
}

// answer is what the store has answered.
type answer struct {
	reading saved.Reading
	decided saved.Decision
	err     error
}

// ask asks the store, off the loop.
func (g *agreeing) ask(e agreement.Effect) {
	d, id, now := g.core.Store, NewName(g.core.Wall(), g.core.Rand), g.core.Wall().UnixMilli()
	offLoop(g.core, func() (a answer) {
		switch e := e.(type) {
		case agreement.ReadStore:
			a.reading, a.err = d.Reading()
			if at := a.reading.Commit; at != nil {
				a.reading.Recent = now-at.AtMS < crashWithin.Milliseconds()
			}
			if isAbsent(a.err) {
				a.reading, a.err = saved.Reading{Decided: agreement.FirstEpoch}, nil
			}
		case agreement.Keep:
			a.err = d.Keep(e.Snapshot, e.Number)
		case agreement.Create:
			e.Decision.AtMS = now
			if a.decided, _, a.err = d.Decide(e.Decision); e.MakeStore && isAbsent(a.err) {
				if _, a.err = d.Create(id); a.err == nil {
					a.decided, _, a.err = d.Decide(e.Decision)
				}
			}
		case agreement.CreateRun:
			a.err = d.Resume(e.Number)
		}
		return a
	}, func(a answer) { g.answered(e, a) })
}

// isAbsent reports whether an error says that there is no store.
func isAbsent(err error) bool {
	var one interface{ Absent() bool }
	return errors.As(err, &one) && one.Absent()
}

// answered reports to the agent what the store has answered.
func (g *agreeing) answered(e agreement.Effect, a answer) {
	c := g.core
	if c.stopping {
		return
	}
	if a.err != nil && c.warns("agreement") {
		c.log.Warn().Err(a.err).Msg("cannot " + e.String())
	}
	switch e := e.(type) {
	case agreement.ReadStore:
		if a.err == nil {
			g.noteReading(a.reading)
		}
		g.obey(g.agent.Read(a.reading, a.err))
	case agreement.Keep:
		g.obey(g.agent.Kept(e.Snapshot, e.Number, gone(a.err)))
	case agreement.Create:
		g.obey(g.agent.Created(e.Decision.Number, a.decided, a.err))
	case agreement.CreateRun:
		g.obey(g.agent.RunCreated(e.Number, a.err))
	}
}

// mentioned takes the epoch that a peer named, in a hello or a refusal.
func (g *agreeing) mentioned(epoch uint64) {
	if g != nil && !g.core.stopping {
		g.obey(g.agent.Mentioned(epoch))
	}
}

// met takes the incarnation that a peer named on a connection of the epoch.
func (g *agreeing) met(id snapshot.ProcessID, incarnation snapshot.Incarnation, epoch uint64) {
	if g != nil && !g.core.stopping {
		g.obey(g.agent.Met(id, incarnation, epoch))
	}
}

var errRecovering = errors.New("the cluster is about to go back to an earlier snapshot")

// saveBegins notes that a manifest is created, or returns why none may be. It would be
// undone at once by the recovery that this process has voted for.
func (g *agreeing) saveBegins() error {
	switch {
	case g == nil:
		return nil
	case !g.agent.MaySave():
		return errRecovering
	}
	g.agent.SaveBegun()
	return nil
}

// saveEnds returns a function that calls done when it is known what became of a manifest.
func (g *agreeing) saveEnds(done func()) func() {
	return func() {
		if g != nil && !g.core.stopping {
			g.obey(g.agent.SaveEnded())
		}
		done()
	}
}

// timeLeft returns the time until the deadline of what this process proposes.
func (g *agreeing) timeLeft() time.Duration {
	t := g.alarms[agreement.OrderDeadline]
	if !t.pending() {
		return 0
	}
	return max(0, t.at-g.core.now)
}

// others lists the other processes, sorted.
func (g *agreeing) others() []snapshot.ProcessID {
	return slices.DeleteFunc(slices.Clone(g.core.topology.Processes), func(id snapshot.ProcessID) bool { return id == g.core.self })
}

// stop ends the part that this node takes. The host closes the held instance, see
// [Core.Programs].
func (g *agreeing) stop() {
	for _, id := range slices.Sorted(maps.Keys(g.alarms)) {
		g.alarms[id].cancel()
	}
}
