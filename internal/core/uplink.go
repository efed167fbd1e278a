package core

import (
	"fmt"
	"slices"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// uplink is the connection to the node of another process that carries what belongs to
// no channel: this process's parts to an assembler, and an assembler's requests to
// other initiators to join. It is dialled when there is something to ship and stays
// open for a while. When it breaks it is dialled again, and whatever has no outcome yet
// is shipped again.
type uplink struct {
	epoch     *epoch
	peer      *peer
	shipments []*shipment
	idle      *timer
	dialler
}

// shipment is what goes to the peer about one snapshot, until its outcome comes back or
// its time is over.
type shipment struct {
	snapshot.Start
	frames  []wire.Frame
	bytes   int // of the chunks in frames
	written int // frames written on the current connection
	timeUp  *timer
}

const (
	// idleMax is how long an unused uplink stays open.
	idleMax = 30 * time.Second
	// shipmentsMax is how many shipments wait for their outcomes. A peer can start many
	// snapshots that end here at once, by markers or joins, and need not answer.
	shipmentsMax = 1024
)

// uplink returns the uplink to a process.
func (e *epoch) uplink(to snapshot.ProcessID) *uplink {
	up := e.uplinks[to]
	if up == nil {
		up = &uplink{epoch: e, peer: e.peers[to]}
		e.uplinks[to] = up
	}
	return up
}

func (u *uplink) String() string {
	return fmt.Sprintf("assembly %s->%s", u.epoch.core.self, u.peer.id)
}

// ship sends frames about a snapshot, now or once there is a connection.
func (u *uplink) ship(start snapshot.Start, frames []wire.Frame) {
	i := slices.IndexFunc(u.shipments, func(one *shipment) bool { return one.ID == start.ID })
	if i < 0 {
		if len(u.shipments) >= shipmentsMax {
			u.shipments[0].timeUp.cancel() // the oldest
			u.shipments = slices.Delete(u.shipments, 0, 1)
		}
		i = len(u.shipments)
		u.shipments = append(u.shipments, &shipment{Start: start, timeUp: u.epoch.timers.add(start.Deadline, func() { u.forget(start.ID) })})
	}
	s := u.shipments[i]
	s.frames = append(s.frames, frames...)
	for _, f := range frames {
		if chunk, ok := f.(wire.Chunk); ok {
			s.bytes += chunk.Len()
			u.epoch.grew(chunk.Len())
		}
	}
	u.idle.cancel()
	u.idle = nil
	switch {
	case u.up:
		u.flush()
	case u.conn == 0 && u.retry == nil:
		u.dial()
	}
}

// forget drops the shipment about a snapshot that has ended.
func (u *uplink) forget(id snapshot.ID) {
	u.shipments = slices.DeleteFunc(u.shipments, func(s *shipment) bool {
		if s.ID == id {
			s.timeUp.cancel()
		}
		return s.ID == id
	})
	if len(u.shipments) == 0 && u.idle == nil {
		u.idle = u.epoch.after(idleMax, func() {
			u.idle = nil
			u.epoch.core.hangUp(u.conn, true, nil)
		})
	}
}

// flush writes what is not written on the current connection yet.
func (u *uplink) flush() {
	for _, s := range u.shipments {
		for _, f := range s.frames[s.written:] {
			switch one := f.(type) {
			case wire.Join:
				one.TimeLeft = max(0, s.Deadline-u.epoch.core.now)
				f = one
			case timedChunk:
				f = one.encode(u, s.Begun())
			}
			u.epoch.core.write(u.conn, f)
		}
		s.written = len(s.frames)
	}
}

func (u *uplink) dial() {
	u.retry = nil
	if len(u.shipments) > 0 {
		u.conn = u.epoch.core.dial(u.peer, u)
	}
}

func (u *uplink) dialled() { u.sendHello(u.epoch, wire.RoleAssembly, u.peer) }

func (u *uplink) frame(f wire.Frame) error {
	e, c := u.epoch, u.epoch.core
	switch f := f.(type) {
	case wire.Welcome:
		if !u.up {
			return u.welcome(f)
		}
	case wire.Outcome:
		if u.up {
			if by := e.recorder.Assembler(f.Snapshot); by != "" && by != u.peer.id {
				return fmt.Errorf("outcome of a snapshot that %s assembles", by)
			}
			e.recorder.Abandon(f.Snapshot)
			e.forget(f.Snapshot, u.peer.id)
			e.stopOutcome(f.Snapshot, f.Status != wire.StatusPartial)
			c.log.Debug().Str("snapshot", string(f.Snapshot)).Str("status", f.Status).Msg("snapshot ended")
			return nil
		}
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

func (u *uplink) welcome(f wire.Welcome) error {
	c := u.epoch.core
	if err := u.epoch.checkWelcome(f); err != nil {
		return err
	}
	if !u.peer.Knows(f.Incarnation) && u.peer.Incarnation != u.knew {
		c.hangUp(u.conn, false, errReplaced)
		return nil
	}
	if err := u.epoch.meet(u.peer, f.Incarnation); err != nil {
		c.hangUp(u.conn, false, err)
		return nil
	}
	u.welcomed(c, u.peer)
	u.flush()
	return nil
}

func (u *uplink) closed(err error) {
	c := u.epoch.core
	if _, news := u.connClosed(c, err); news && len(u.shipments) > 0 {
		c.log.Info().AnErr("err", err).Str("peer", string(u.peer.id)).Msg("no connection for the parts of snapshots, trying again")
	}
	for _, s := range u.shipments {
		s.written = 0
	}
	u.epoch.checkDuplicate(u.peer, err)
	if len(u.shipments) > 0 && !c.stopping {
		u.redialLater(u.epoch, u.dial)
	}
}
