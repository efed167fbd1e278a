package core

import (
	"fmt"
	"slices"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// assemblyLink is the connection to the node of another process for what is not
// on a channel: the parts of this process to an assembler, and an assembler's
// asks to initiators. It is dialled when there is something to ship, stays for a
// while, and is dialled again when it breaks; then everything that was not
// answered is shipped again.
type assemblyLink struct {
	core      *Core
	peer      *peer
	shipments []*shipment
	idle      *timer
	dialler
}

// shipment is what goes to the peer about one snapshot, until the outcome comes
// back or its time is over.
type shipment struct {
	snapshot.Start
	frames  []wire.Frame
	written int // of them, on this connection
	timeUp  *timer
}

// idleMax is how long an assembly connection stays open unused.
const idleMax = 30 * time.Second

// link is the assembly link to a process.
func (c *Core) link(to snapshot.ProcessID) *assemblyLink {
	l := c.links[to]
	if l == nil {
		l = &assemblyLink{core: c, peer: c.peers[to]}
		c.links[to] = l
	}
	return l
}

func (l *assemblyLink) String() string {
	return fmt.Sprintf("assembly %s->%s", l.core.self, l.peer.id)
}

// ship sends frames about a snapshot, now or when there is a connection.
func (l *assemblyLink) ship(s snapshot.Start, frames []wire.Frame) {
	i := slices.IndexFunc(l.shipments, func(one *shipment) bool { return one.ID == s.ID })
	if i < 0 {
		i = len(l.shipments)
		l.shipments = append(l.shipments, &shipment{Start: s, timeUp: l.core.timers.add(s.Deadline, func() { l.forget(s.ID) })})
	}
	l.shipments[i].frames = append(l.shipments[i].frames, frames...)
	l.idle.cancel()
	l.idle = nil
	switch {
	case l.up:
		l.flush()
	case l.conn == 0 && l.retry == nil:
		l.dial()
	}
}

// forget drops what is about a snapshot that has ended.
func (l *assemblyLink) forget(id snapshot.ID) {
	l.shipments = slices.DeleteFunc(l.shipments, func(s *shipment) bool {
		if s.ID == id {
			s.timeUp.cancel()
		}
		return s.ID == id
	})
	if len(l.shipments) == 0 && l.idle == nil {
		l.idle = l.core.after(idleMax, func() {
			l.idle = nil
			l.core.hangUp(l.conn, true, nil)
		})
	}
}

func (l *assemblyLink) flush() {
	for _, s := range l.shipments {
		if s.written < len(s.frames) {
			l.core.write(l.conn, s.frames[s.written:]...)
			s.written = len(s.frames)
		}
	}
}

func (l *assemblyLink) dial() {
	l.retry = nil
	if len(l.shipments) > 0 {
		l.conn = l.core.dialNew(l.peer.address, l)
	}
}

func (l *assemblyLink) dialled() { l.greet(l.core, wire.RoleAssembly, l.peer) }

func (l *assemblyLink) frame(f wire.Frame) error {
	c := l.core
	switch f := f.(type) {
	case wire.Refuse:
		c.hangUp(l.conn, false, refusedError{f})
		return nil
	case wire.Welcome:
		if !l.up {
			if !l.peer.Knows(f.Incarnation) && l.peer.Incarnation != l.knew {
				c.hangUp(l.conn, false, errReplaced)
				return nil
			}
			if err := c.meet(l.peer, f.Incarnation); err != nil {
				c.hangUp(l.conn, false, err)
				return nil
			}
			l.welcomed(c)
			l.flush()
			return nil
		}
	case wire.Outcome:
		if l.up {
			c.recorder.Abandon(f.Snapshot)
			c.forget(f.Snapshot, l.peer.id)
			c.log.Debug().Str("snapshot", string(f.Snapshot)).Str("status", f.Status).Msg("snapshot ended")
			return nil
		}
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

func (l *assemblyLink) closed(err error) {
	if _, news := l.ended(l.core, err); news && len(l.shipments) > 0 {
		l.core.log.Info().AnErr("err", err).Str("peer", string(l.peer.id)).Msg("no assembly connection, trying again")
	}
	for _, s := range l.shipments {
		s.written = 0
	}
	if len(l.shipments) > 0 && !l.core.stopping {
		l.again(l.core, l.dial)
	}
}
