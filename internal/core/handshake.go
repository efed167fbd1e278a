package core

import (
	"fmt"
	"time"

	"chandy/internal/printable"
	"chandy/snapshot"
	"chandy/wire"

	"github.com/rs/zerolog"
)

// accepted decides by its hello what becomes of a connection from outside.
func (c *Core) accepted(a Accepted) {
	if c.wait(a) {
		return
	}
	if refuse := c.check(a); refuse != nil {
		c.refuse(a, refuse)
		if refuse.Code == wire.WrongEpoch {
			c.agree.mentioned(a.Hello.Epoch)
		}
		return
	}
	switch a.Hello.Role {
	case wire.RoleControl:
		c.openSession(a)
		return
	case wire.RoleAgreement:
		c.agree.accept(a)
		return
	}
	if e := c.epoch; e.peers[a.Hello.From].Knows(a.Hello.Incarnation) {
		e.admit(a)
	} else {
		e.takeOver(a)
	}
}

// admit lets a node in. Its incarnation is the known one, the first one, or one that
// takes over.
func (e *epoch) admit(a Accepted) {
	c, p := e.core, e.peers[a.Hello.From]
	if err := e.meet(p, a.Hello.Incarnation); err != nil {
		if a.Hello.Role == wire.RoleChannel {
			p.incoming.stale++
		}
		c.refuse(a, &wire.Refuse{Code: wire.OldIncarnation, Text: err.Error() + p.connectedFrom()})
		return
	}
	p.remote = a.Remote
	if a.Hello.Role == wire.RoleAssembly {
		e.openAssembly(a.Conn, p.id, a.Hello.Incarnation)
	} else {
		p.incoming.accept(a.Conn)
	}
}

// refuse ends a connection from outside.
func (c *Core) refuse(a Accepted, r *wire.Refuse) {
	from := a.Hello.From
	r.Text = printable.Text(r.Text) // it can quote names from the hello
	if !c.topology.Has(from) {
		from = "" // any stranger or client
	}
	if c.warns("hello of " + string(from)) {
		level := zerolog.WarnLevel
		if r.Code == wire.WrongEpoch { // the processes go to another epoch one after another
			level = zerolog.DebugLevel
		}
		c.log.WithLevel(level).Str("peer", printable.Text(string(a.Hello.From))).Str("remote", a.Remote).Str("code", r.Code).Msg("connection refused: " + r.Text)
	}
	if c.epoch != nil && a.Hello.Role == wire.RoleChannel {
		if in := c.epoch.incoming(from); in != nil && !in.up() {
			in.stats.failed(c.now, false, fmt.Errorf("%s refused it: %s", c.self, r.Text))
		}
	}
	c.write(a.Conn, *r)
	c.emit(Close{a.Conn, true})
}

// warnEvery is the shortest time between two warnings about one subject.
const warnEvery = time.Minute

// warns reports whether a warning about a subject may be logged now, because the last one
// is at least warnEvery old. A peer that breaks a rule tries again and again, and must not
// fill the log. There must be few subjects: they may have names of processes in them, but
// nothing else that a peer has sent.
func (c *Core) warns(subject string) bool {
	if c.warned[subject] {
		return false
	}
	c.warned[subject] = true
	c.after(warnEvery, func() { delete(c.warned, subject) })
	return true
}

// check returns why a peer is refused, or nil.
func (c *Core) check(a Accepted) *wire.Refuse {
	h := a.Hello
	refuse := func(code, format string, a ...any) *wire.Refuse {
		return &wire.Refuse{Code: code, Text: fmt.Sprintf(format, a...)}
	}
	self, mismatch := c.self, c.mismatch(a)
	switch {
	case c.stopping:
		return refuse(wire.Stopping, "%s is stopping", self)
	case h.VersionMin > wire.Version || h.VersionMax < wire.Version:
		return refuse(wire.WrongVersion, "%s speaks version %d, not %d to %d", self, wire.Version, h.VersionMin, h.VersionMax)
	case h.Cluster != c.Cluster.Name:
		return refuse(wire.WrongCluster, "this is %s of cluster %q, not of %q: check the name and the addresses in the cluster file", self, c.Cluster.Name, h.Cluster)
	case h.To != self:
		return refuse(wire.WrongProcess, "this is %s, not %s: check the addresses in the cluster file", self, h.To)
	case mismatch != "":
		return refuse(wire.IdentityMismatch, "%s", mismatch)
	case h.Role == wire.RoleControl && c.sessions >= sessionsMax:
		return refuse(wire.Busy, "%s has %d clients connected already: try again", self, sessionsMax)
	case h.Role == wire.RoleControl && c.Cluster.TLS.On() && c.sessionsOf[a.Identity] >= sessionsOfOneMax:
		return refuse(wire.Busy, "%s has %d clients connected already with the certificate of %q, role %s: try again", self, sessionsOfOneMax, a.Identity.Name, a.Identity.Role)
	case h.Role == wire.RoleControl && h.ConfigHash == [32]byte{}: // a client without a cluster file
		return nil
	case h.ConfigHash != c.hash:
		return refuse(wire.ConfigurationDiffers, "%s of cluster %q has a different cluster file (processes, channels, markers or recover differ): use the same file everywhere; the one of %s has fingerprint %s", self, c.Cluster.Name, self, c.Cluster.Fingerprint())
	case h.Role == wire.RoleControl:
		return nil
	case h.Role == wire.RoleAgreement && c.agree == nil:
		return refuse(wire.NoStore, "%s has no store", self)
	case h.Role != wire.RoleAgreement && (c.epoch == nil || h.Epoch != c.epoch.number):
		return refuse(wire.WrongEpoch, "%s is in epoch %d, not %d", self, c.epochNumber(), h.Epoch)
	case !c.topology.Has(h.From):
		return refuse(wire.UnknownProcess, "no process %q in cluster %q", h.From, c.Cluster.Name)
	case h.From == self && h.Incarnation == c.Incarnation:
		return refuse(wire.WrongProcess, "this is the node itself")
	case h.From == self:
		return refuse(wire.WrongProcess, "another node runs as %s too", self)
	case h.Incarnation == "":
		return refuse(wire.UnknownProcess, "no incarnation in the hello")
	case h.Role == wire.RoleChannel && c.epoch.incoming(h.From) == nil:
		return refuse(wire.NoSuchChannel, "no channel %s in cluster %q", snapshot.Channel{From: h.From, To: self}, c.Cluster.Name)
	}
	return nil
}

// epochNumber returns the number of the current epoch, or 0 before the first one.
func (c *Core) epochNumber() uint64 {
	if c.epoch == nil {
		return 0
	}
	return c.epoch.number
}
