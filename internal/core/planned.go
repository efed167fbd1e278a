package core

import (
	"fmt"
	"time"

	"chandy/snapshot"
)

// plannedStop is the stop of a node that recovers. The node first saves a snapshot whose
// markers hold every program at the cut, so that nothing happens which the snapshot does not
// have. Then it ends. The other processes stay held, see [stopHold].
//
// If several processes are asked to stop at the same time, the one that gets the number in
// the store saves for all. The others notice by its marker. They end when it has saved.
type plannedStop struct {
	core  *Core
	epoch *epoch
	until time.Duration
	save  *save // nil if another process saves
}

const (
	plannedCheck = 100 * time.Millisecond
	// absentAfter is how long a channel must be down until its peer counts as absent. One that
	// has just broken is usually up again within 40 ms.
	absentAfter = time.Second
)

// stop ends the node. A node that recovers saves a snapshot first, unless it is to stop at
// once.
func (c *Core) stop(atOnce bool) {
	p := c.planned
	switch {
	case c.stopping:
	case atOnce && p != nil:
		p.giveUp("it was asked to stop at once")
	case atOnce || c.agree == nil || !c.agree.recovers:
		c.end()
	case p == nil:
		c.planStop()
	}
}

func (c *Core) planStop() {
	timeout := c.Cluster.Snapshot.StopTimeout
	p := &plannedStop{core: c, epoch: c.epoch, until: c.now + timeout}
	c.planned = p
	if p.ends() {
		return
	}
	c.log.Info().Msgf("saving before it stops, for at most %v: a second signal stops it at once", timeout)
	for _, id := range c.agree.others() {
		if p.epoch.far(id) {
			c.agree.link(id)
		}
	}
	if p.epoch.heldBy == nil {
		p.begin(timeout)
	}
	p.watch()
}

// begin saves the snapshot. A tenth of the time remains for its manifest.
func (p *plannedStop) begin(timeout time.Duration) {
	p.save = &save{
		epoch: p.epoch, initiators: p.core.initiators(), deadline: p.until - timeout/10, wants: snapshot.Wants{Save: true, Light: true, Hold: true},
		started: func(a *assembling) { p.save.assembly = a },
		refused: func(err error) { p.giveUp(err.Error()) },
		finished: func(t *taken) {
			if t.save.Error != "" {
				p.giveUp(t.save.Error)
				return
			}
			p.saved(fmt.Sprintf("saved %s: when all processes are back they go on from there", t.ID))
		},
	}
	p.save.take()
}

func (p *plannedStop) watch() {
	p.core.after(plannedCheck, func() {
		if !p.core.stopping && !p.ends() {
			p.watch()
		}
	})
}

// ends ends the node if there is nothing to wait for. It reports whether it did.
func (p *plannedStop) ends() bool {
	c, e := p.core, p.epoch
	switch {
	case c.epoch != e:
		p.giveUp(errEpochEnded.Error())
	case c.agree.recovering() != "":
		p.giveUp(c.agree.recovering())
	case e == nil || e.program == nil:
		p.giveUp("no program runs")
	case c.now >= p.until:
		p.giveUp(fmt.Sprintf("not saved within %v", c.Cluster.Snapshot.StopTimeout))
	case e.heldBy != nil && e.heldBy.saved:
		p.saved(fmt.Sprintf("saves nothing more before it stops: all is in %s, and the cluster is held since", e.heldBy.ID))
	case e.heldBy != nil && p.save == nil: // it waits
		return false
	case p.absent() != "":
		p.giveUp(fmt.Sprintf("%s is absent", p.absent()))
	default:
		return false
	}
	return true
}

// yield lets another process save for this one too.
func (p *plannedStop) yield(to snapshot.ProcessID) {
	if p != nil && p.save != nil && p.save.assembly == nil {
		p.save.giveUp(fmt.Sprintf("%s saves for it", to))
		p.save = nil
	}
}

func (p *plannedStop) saved(text string) {
	if !p.core.stopping {
		p.core.log.Info().Msg(text)
		p.core.end()
	}
}

func (p *plannedStop) giveUp(why string) {
	if p.core.stopping {
		return
	}
	if p.save != nil {
		p.save.giveUp(why)
	}
	p.core.log.Warn().Msg("stops without saving: " + why)
	p.core.end()
}

// far reports whether there is no channel with a process.
func (e *epoch) far(id snapshot.ProcessID) bool {
	return e.outgoing(id) == nil && e.incoming(id) == nil
}

// absent returns a process that takes no part in the snapshot, or an empty id if there is
// none. A process without a channel is absent if it does not accept a connection for
// proposals.
func (p *plannedStop) absent() snapshot.ProcessID {
	for _, id := range p.core.agree.others() {
		if l := p.core.agree.links[id]; p.epoch.far(id) && l != nil && l.conn == 0 && !l.retry.pending() {
			return id
		}
	}
	return p.epoch.absent()
}

// absent returns a process with which a channel is down, and not just broken. It returns an
// empty id if nobody is absent.
func (e *epoch) absent() snapshot.ProcessID {
	down := func(up bool, s linkStats) bool { return !up && e.core.now-s.since >= absentAfter }
	for _, out := range e.out {
		if down(out.up, out.stats) {
			return out.peer.id
		}
	}
	for _, in := range e.in {
		if down(in.up(), in.stats) {
			return in.peer.id
		}
	}
	return ""
}
