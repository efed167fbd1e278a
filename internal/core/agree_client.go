package core

import (
	"fmt"
	"strings"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/saved"
	"chandy/snapshot"
	"chandy/wire"
)

// order is a client's request to restore a snapshot.
type order struct {
	session *session
	number  uint64
	begun   time.Duration
	epoch   uint64                        // that the commit began; 0 until then
	running map[snapshot.ProcessID]uint64 // epochs in which processes have said that they run
	timeUp  *timer
}

const (
	// restoreTimeout is the time until the decision if a client names none.
	restoreTimeout = time.Minute
	// runningWait is how long a client waits after the decision until every process runs.
	runningWait = 10 * time.Second
)

// restore begins a restore by hand.
func (s *session) restore(number uint64, r wire.RestoreRequest) {
	c := s.core
	g := c.agree
	if g == nil {
		s.fail(number, wire.CodeNotRestored, fmt.Sprintf("%s has no store", c.self))
		return
	}
	if fault := r.Fault(); fault != "" {
		s.fail(number, wire.CodeBadRequest, fault)
		return
	}
	timeout := restoreTimeout
	if r.TimeoutMS > 0 {
		timeout = time.Duration(min(r.TimeoutMS, timeoutMax.Milliseconds())) * time.Millisecond
	}
	if o := g.order; o != nil && o.epoch > 0 { // it only waits until all run, and one may be gone
		o.finish()
	}
	if g.order != nil {
		s.fail(number, wire.CodeNotRestored, fmt.Sprintf("%s restores another snapshot", c.self))
		return
	}
	effects, err := g.agent.Restore(agreement.Order{
		Snapshot: r.Snapshot, Manifest: r.Manifest, Held: r.Hold, BranchLeft: r.Branch, Dry: r.DryRun, Timeout: timeout,
	})
	if err != nil {
		s.fail(number, wire.CodeNotRestored, err.Error())
		return
	}
	s.snapshots++
	g.order = &order{session: s, number: number, begun: c.now, running: map[snapshot.ProcessID]uint64{}}
	g.obey(effects)
}

// resumingMax is how many requests may wait until the epoch runs.
const resumingMax = 1024

// resume ends the hold of the epoch.
func (s *session) resume(number uint64) {
	g := s.core.agree
	if g == nil {
		s.fail(number, wire.CodeNotHeld, fmt.Sprintf("%s has no store", s.core.self))
		return
	}
	if len(g.resuming) >= resumingMax {
		s.fail(number, wire.CodeLimit, fmt.Sprintf("%d requests wait until the epoch of %s runs", resumingMax, s.core.self))
		return
	}
	stopped := s.core.epoch.resumeStopped()
	effects, held := g.agent.Resume()
	switch {
	case !held && stopped:
		s.finish(wire.Reply{Number: number, Kind: wire.KindEnd, Body: []byte("{}")})
		return
	case !held:
		s.fail(number, wire.CodeNotHeld, fmt.Sprintf("%s is not held", s.core.self))
		return
	}
	g.resuming = append(g.resuming, waiter{s, number})
	g.obey(effects)
}

// run ends the hold of the epoch, and answers the clients that asked for it.
func (g *agreeing) run() {
	text := "resumed"
	if recovering, _ := g.agent.Recovering(); recovering {
		text = "resumed: the program runs once the cluster has rolled back"
	} else {
		g.core.epoch.run()
	}
	g.core.log.Info().Uint64("epoch", g.agent.Epoch()).Msg(text)
	for _, w := range g.resuming {
		if !w.session.ended {
			w.session.finish(wire.Reply{Number: w.number, Kind: wire.KindEnd, Body: []byte("{}")})
		}
	}
	g.resuming = nil
}

// stage tells the client how far a process is.
func (o *order) stage(process snapshot.ProcessID, f wire.Stage) {
	if o == nil {
		return
	}
	o.session.write(wire.Reply{Number: o.number, Kind: wire.KindProgress, Body: mustJSON(wire.StageReply{
		Process: process, Stage: f.Stage.String(), Messages: f.Messages, ElapsedMS: milliseconds(f.Took),
	})})
	if f.Stage == wire.Running {
		o.running[process] = f.Number
		o.finishIfAll()
	}
}

// ended takes the end of the restore that this process was asked for. After a commit the
// client waits a while until every process runs.
func (g *agreeing) ended(e agreement.Ended) {
	o := g.order
	switch {
	case e.Order.Kind == saved.Recovery:
		g.recovered(e)
		return
	case o == nil:
		g.startEnded(e)
		return
	}
	if e.Committed > 0 {
		o.epoch = e.Committed
		o.timeUp = g.core.after(runningWait, o.finish)
		o.finishIfAll()
		return
	}
	g.order = nil
	o.session.snapshots--
	if e.Why != "" {
		o.session.fail(o.number, wire.CodeNotRestored, e.Why)
		return
	}
	reply := wire.RestoreReply{ElapsedMS: milliseconds(g.core.now - o.begun)}
	for _, v := range e.Votes {
		reply.Votes = append(reply.Votes, wire.VoteReply{Process: v.Process, No: v.No})
	}
	o.session.finish(wire.Reply{Number: o.number, Kind: wire.KindEnd, Body: mustJSON(reply)})
}

// finishIfAll answers the client if every process runs in the new epoch.
func (o *order) finishIfAll() {
	for _, id := range o.session.core.topology.Processes {
		if o.epoch == 0 || o.running[id] != o.epoch {
			return
		}
	}
	o.finish()
}

// finish answers the client after a commit.
func (o *order) finish() {
	c := o.session.core
	o.timeUp.cancel()
	c.agree.order = nil
	o.session.snapshots--
	o.session.finish(wire.Reply{Number: o.number, Kind: wire.KindEnd, Body: mustJSON(wire.RestoreReply{
		Epoch: o.epoch, ElapsedMS: milliseconds(c.now - o.begun),
	})})
}

// recovered logs how a recovery has ended that this process proposed. One that failed is
// tried again.
func (g *agreeing) recovered(e agreement.Ended) {
	log := &g.core.log
	switch {
	case e.Committed > 0:
		log.Info().Uint64("epoch", e.Committed).Msg("recovered")
	case g.recovering() == "":
		log.Info().Msg("no recovery is needed any more: " + e.Why)
	case strings.HasPrefix(e.Why, agreement.UnderWay):
		log.Info().Msg("recovery: " + e.Why)
	case g.core.warns("recovery"):
		log.Warn().Msg("recovery failed, trying again: " + e.Why)
	}
}
