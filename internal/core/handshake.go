package core

import (
	"fmt"

	"chandy/snapshot"
	"chandy/wire"
)

// accepted decides about a connection from outside by its hello.
func (c *Core) accepted(e Accepted) {
	if refuse := c.check(e.Hello); refuse != nil {
		c.refuse(e, refuse)
		return
	}
	if e.Hello.Role == wire.RoleControl {
		c.openSession(e.Conn)
		return
	}
	known := c.peers[e.Hello.From]
	if known.Knows(e.Hello.Incarnation) {
		c.admit(e)
	} else {
		c.takeOver(e)
	}
}

// admit lets a node in: its incarnation is the one that is known, or the first, or
// takes over.
func (c *Core) admit(e Accepted) {
	delete(c.refused, e.Hello.From)
	switch h := e.Hello; h.Role {
	case wire.RoleAssembly:
		if err := c.meet(c.peers[h.From], h.Incarnation); err != nil {
			c.refuse(e, &wire.Refuse{Code: wire.OldIncarnation, Text: err.Error()})
			return
		}
		c.openAssembly(e.Conn, h.From, h.Incarnation)
	default:
		if err := c.meet(c.peers[h.From], h.Incarnation); err != nil {
			c.incoming(h.From).stale++
			c.refuse(e, &wire.Refuse{Code: wire.OldIncarnation, Text: err.Error()})
			return
		}
		c.incoming(h.From).accept(e.Conn)
	}
}

// refuse ends a connection from outside, and logs it once: whoever is refused
// comes again and again.
func (c *Core) refuse(e Accepted, r *wire.Refuse) {
	from := e.Hello.From
	if !c.topology.Has(from) {
		from = "" // anybody
	}
	if c.refused[from] != r.Code {
		c.refused[from] = r.Code
		c.log.Warn().Str("peer", string(e.Hello.From)).Str("remote", e.Remote).Str("code", r.Code).Msg("connection refused: " + r.Text)
	}
	c.write(e.Conn, *r)
	c.do(Close{e.Conn, true})
}

// check says why a hello is refused, or nothing.
func (c *Core) check(h wire.Hello) *wire.Refuse {
	refuse := func(code, format string, a ...any) *wire.Refuse {
		return &wire.Refuse{Code: code, Text: fmt.Sprintf(format, a...)}
	}
	self := c.self
	switch {
	case c.stopping:
		return refuse(wire.Stopping, "%s is stopping", self)
	case h.VersionMin > wire.Version || h.VersionMax < wire.Version:
		return refuse(wire.WrongVersion, "%s speaks version %d, not %d to %d", self, wire.Version, h.VersionMin, h.VersionMax)
	case h.Cluster != c.Cluster.Name:
		return refuse(wire.WrongCluster, "this is %s of cluster %q, not of %q: check the addresses in the cluster file", self, c.Cluster.Name, h.Cluster)
	case h.To != self:
		return refuse(wire.WrongProcess, "this is %s, not %s: check the addresses in the cluster file", self, h.To)
	case h.Role == wire.RoleControl && c.sessions >= sessionsMax:
		return refuse(wire.Busy, "%s has %d clients connected already: try again", self, sessionsMax)
	case h.Role == wire.RoleControl && h.ConfigHash == [32]byte{}: // a client without the file
		return nil
	case h.ConfigHash != c.hash:
		return refuse(wire.ConfigurationDiffers, "%s of cluster %q has a cluster file with other processes or channels: give all the same", self, c.Cluster.Name)
	case h.Role == wire.RoleControl:
		return nil
	case h.Epoch != epoch:
		return refuse(wire.WrongEpoch, "%s is in epoch %d, not %d", self, epoch, h.Epoch)
	case !c.topology.Has(h.From):
		return refuse(wire.UnknownProcess, "no process %q in cluster %q", h.From, c.Cluster.Name)
	case h.From == self && h.Incarnation == c.Incarnation:
		return refuse(wire.WrongProcess, "this is the node itself")
	case h.From == self:
		return refuse(wire.WrongProcess, "another node runs as %s too", self)
	case h.Incarnation == "":
		return refuse(wire.UnknownProcess, "no incarnation in the hello")
	case h.Role == wire.RoleChannel && c.incoming(h.From) == nil:
		return refuse(wire.NoSuchChannel, "no channel %s in cluster %q", snapshot.Channel{From: h.From, To: self}, c.Cluster.Name)
	}
	return nil
}
