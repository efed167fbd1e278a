package core

import (
	"errors"
	"fmt"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/saved"
	"chandy/snapshot"
	"chandy/wire"
)

// agreeLink is a connection on which this process proposes to another one.
type agreeLink struct {
	agreeing *agreeing
	peer     *peer
	conn     ConnID // 0 if there is none
	up       bool   // welcomed
	known    snapshot.Incarnation
	backoff  time.Duration
	retry    *timer
	idle     *timer
	queue    []wire.Frame // until the welcome
}

// agreeAnswer is a connection on which another process proposes to this one.
type agreeAnswer struct {
	agreeing *agreeing
	conn     ConnID
	peer     snapshot.ProcessID
}

// keepLinks opens a connection to every process while this one proposes something. An
// unused connection stays open for a while, for what the peers do after a decision.
func (g *agreeing) keepLinks() {
	if g.core.stopping {
		return
	}
	if g.agent.Attempting() {
		for _, id := range g.others() {
			l := g.link(id)
			l.idle.cancel()
			l.idle = nil
		}
		return
	}
	for _, id := range g.others() {
		if l := g.links[id]; l != nil && l.idle == nil {
			l.idle = g.core.after(idleMax, l.close)
		}
	}
}

// link returns the link to a process. It dials if there is no connection.
func (g *agreeing) link(to snapshot.ProcessID) *agreeLink {
	l := g.links[to]
	if l == nil {
		p, _ := g.core.Cluster.Process(to)
		l = &agreeLink{agreeing: g, peer: &peer{id: to, address: p.Address}}
		g.links[to] = l
	}
	if l.conn == 0 && !l.retry.pending() {
		l.dial()
	}
	return l
}

func (l *agreeLink) dial() { l.conn = l.agreeing.core.dial(l.peer, l) }

func (l *agreeLink) close() {
	g := l.agreeing
	delete(g.links, l.peer.id)
	l.retry.cancel()
	g.core.hangUp(l.conn, true, nil)
}

func (l *agreeLink) String() string {
	return fmt.Sprintf("agreement %s->%s", l.agreeing.core.self, l.peer.id)
}

func (l *agreeLink) dialled() {
	c, conn := l.agreeing.core, l.conn
	c.write(conn, wire.Hello{
		Role: wire.RoleAgreement, VersionMin: wire.Version, VersionMax: wire.Version,
		Cluster: c.Cluster.Name, ConfigHash: c.hash, Epoch: c.epochNumber(),
		From: c.self, To: l.peer.id, Incarnation: c.Incarnation, Peer: l.known,
	})
	c.after(HelloTimeout, func() {
		if l.conn == conn && !l.up {
			c.hangUp(conn, false, fmt.Errorf("no answer to the hello within %v", HelloTimeout))
		}
	})
}

func (l *agreeLink) frame(f wire.Frame) error {
	g := l.agreeing
	switch f := f.(type) {
	case wire.Welcome:
		if !l.up {
			return l.welcome(f)
		}
	case wire.Vote:
		if l.up {
			p, dry := fromWire(f.Proposal)
			g.obey(g.agent.Received(l.peer.id, agreement.Vote{Proposal: p, Dry: dry, Incarnation: f.Incarnation, No: f.No}))
			return nil
		}
	case wire.Look:
		if l.up {
			g.obey(g.agent.Received(l.peer.id, agreement.Look{Number: f.Number}))
			return nil
		}
	case wire.Stage:
		if l.up {
			g.order.stage(l.peer.id, f)
			return nil
		}
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

func (l *agreeLink) welcome(f wire.Welcome) error {
	switch {
	case f.Version != wire.Version:
		return fmt.Errorf("welcome with version %d, but the hello offered %d only", f.Version, wire.Version)
	case f.Incarnation == "":
		return errors.New("no incarnation in the welcome")
	}
	g := l.agreeing
	c := g.core
	l.up, l.backoff, l.known = true, 0, f.Incarnation
	c.watchAlive(l.conn)
	c.write(l.conn, l.queue...)
	l.queue = nil
	g.obey(g.agent.Heard(l.peer.id, f.Incarnation, f.Epoch))
	return nil
}

// closed dials again while this process proposes something. What waited is dropped: the
// agent sends it again, or its loss does no harm.
func (l *agreeLink) closed(err error) {
	g := l.agreeing
	c := g.core
	l.conn, l.up, l.queue = 0, false, nil
	if c.stopping || g.links[l.peer.id] != l {
		return
	}
	if c.warns(l.String()) {
		c.log.Info().AnErr("err", err).Str("peer", string(l.peer.id)).Msg("no connection for proposals")
	}
	if g.agent.Attempting() {
		l.backoff = min(max(backoffMin, 2*l.backoff), backoffMax)
		l.retry.cancel()
		l.retry = c.after(l.backoff/2+time.Duration(c.Rand.Int64N(int64(l.backoff/2))), l.dial)
	}
	g.obey(g.agent.Lost(l.peer.id))
}

// send sends a message of the agent. A vote goes back where the proposal came from.
func (g *agreeing) send(e agreement.Send) {
	switch m := e.Message.(type) {
	case agreement.Propose:
		g.link(e.To).write(wire.Propose{Proposal: toWire(m.Proposal, m.Dry), TimeLeft: g.timeLeft()})
	case agreement.Look:
		g.link(e.To).write(wire.Look{Number: m.Number})
	case agreement.Vote:
		if a := g.answers[e.To]; a != nil {
			g.core.write(a.conn, wire.Vote{Proposal: toWire(m.Proposal, m.Dry), Incarnation: m.Incarnation, No: m.No})
		}
	}
}

// queueMax is how many frames wait for a connection. The agent does not rely on them.
const queueMax = 16

func (l *agreeLink) write(f wire.Frame) {
	switch {
	case l.up:
		l.agreeing.core.write(l.conn, f)
	case len(l.queue) < queueMax:
		l.queue = append(l.queue, f)
	}
}

// accept accepts a connection for proposals, in place of the one that the peer has.
func (g *agreeing) accept(a Accepted) {
	c, from := g.core, a.Hello.From
	if old := g.answers[from]; old != nil {
		c.hangUp(old.conn, false, errReplaced)
	}
	one := &agreeAnswer{agreeing: g, conn: a.Conn, peer: from}
	g.answers[from] = one
	c.handle(a.Conn, one)
	c.watchAlive(a.Conn)
	c.emit(Accept{a.Conn, PeerLongest})
	c.write(a.Conn, wire.Welcome{Version: wire.Version, Epoch: c.epochNumber(), Incarnation: c.Incarnation})
	g.mentioned(a.Hello.Epoch)
}

func (a *agreeAnswer) String() string {
	return fmt.Sprintf("agreement %s->%s", a.peer, a.agreeing.core.self)
}

func (a *agreeAnswer) closed(error) {
	if a.agreeing.answers[a.peer] == a {
		delete(a.agreeing.answers, a.peer)
	}
}

func (a *agreeAnswer) frame(f wire.Frame) error {
	g := a.agreeing
	switch f := f.(type) {
	case wire.Propose:
		p, dry := fromWire(f.Proposal)
		g.obey(g.agent.Received(a.peer, agreement.Propose{Proposal: p, Dry: dry, Left: f.TimeLeft}))
		return nil
	case wire.Look:
		g.obey(g.agent.Received(a.peer, agreement.Look{Number: f.Number}))
		return nil
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

func toWire(p agreement.Proposal, dry bool) wire.Proposal {
	kind := wire.KindByHand
	if p.Kind == saved.Recovery {
		kind = wire.KindRecovery
	}
	return wire.Proposal{
		Number: p.Number, Ends: p.Ends, Kind: kind, Base: p.Snapshot, Manifest: p.Manifest,
		BranchLeft: p.BranchLeft, Held: p.Held, Dry: dry, Store: p.Store,
	}
}

func fromWire(w wire.Proposal) (p agreement.Proposal, dry bool) {
	kind := saved.ByHand
	if w.Kind == wire.KindRecovery {
		kind = saved.Recovery
	}
	return agreement.Proposal{
		Number: w.Number, Ends: w.Ends, Kind: kind, Snapshot: w.Base, Manifest: w.Manifest,
		BranchLeft: w.BranchLeft, Held: w.Held, Store: w.Store,
	}, w.Dry
}
