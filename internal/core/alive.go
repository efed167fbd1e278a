package core

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"chandy/wire"
)

// A connection whose peer has vanished (power lost, cable cut) delivers nothing and
// reports nothing. So a node pings an idle connection, and gives it up if it stays
// silent. Any byte from the peer is a sign of life: on a slow connection a long frame takes
// minutes. The pings of its sender wait behind it, so its receiver sends pings while the
// bytes come.
const (
	// pingAfter is the silence after which a connection is pinged.
	pingAfter = 1500 * time.Millisecond
	// DeadAfter is the silence after which a connection is given up, so that a
	// vanished peer is found within 5 s.
	DeadAfter = 4500 * time.Millisecond
	// keepAliveEvery is how often a node checks its connections.
	keepAliveEvery = 250 * time.Millisecond
)

// keepalive is when a connection between nodes was last heard and last pinged.
type keepalive struct {
	heard, pinged time.Duration
	missed        time.Duration // for how long the node has not listened since heard
	answered      time.Duration // when the last ping that was answered was sent; -1 before
}

// watchAlive begins to check a connection, which now serves its purpose.
func (c *Core) watchAlive(id ConnID) { c.conns[id].alive = &keepalive{heard: c.now, answered: -1} }

// hears takes a sign of life.
func (k *keepalive) hears(now time.Duration) { k.heard, k.missed = now, 0 }

// ping sends a ping, whose nonce is the time.
func (c *Core) ping(id ConnID) { c.writeAhead(id, wire.Ping{Nonce: uint64(c.now)}) }

// keepAlive pings silent connections and gives up those that stay silent. It also
// frees memory that idle channels no longer need.
func (c *Core) keepAlive() {
	c.after(keepAliveEvery, c.keepAlive)
	if c.epoch != nil {
		c.epoch.freeList.Trim()
	}
	// Silence counts only while this node listens. If it did not (its steps are slow, or it
	// was stopped, or its machine suspended), it has not read what its peers sent meanwhile.
	missed := max(0, c.now-c.checked-keepAliveEvery)
	c.checked = c.now
	for _, id := range slices.Sorted(maps.Keys(c.conns)) {
		if one := c.conns[id]; one != nil && one.alive != nil {
			k := one.alive
			k.missed = min(k.missed+missed, c.now-k.heard)
			c.keepConnAlive(id, k)
		}
	}
}

func (c *Core) keepConnAlive(id ConnID, k *keepalive) {
	switch {
	case c.now-k.heard-k.missed >= DeadAfter:
		c.hangUp(id, false, fmt.Errorf("nothing was heard for %v", DeadAfter))
	case c.now-max(k.heard, k.pinged) >= pingAfter:
		k.pinged = c.now
		c.ping(id)
	}
}

// bytes takes a part of a frame as a sign of life, and gives one.
func (c *Core) bytes(e Bytes) {
	if one := c.conns[e.Conn]; one != nil && one.alive != nil {
		one.alive.hears(c.now)
		c.ping(e.Conn)
	}
}

// heard takes any frame as a sign of life, and answers pings, which belong on every
// connection. It reports whether the frame is a ping or a pong.
func (c *Core) heard(id ConnID, one *connState, f wire.Frame) bool {
	k := one.alive
	if k != nil {
		k.hears(c.now)
	}
	switch f := f.(type) {
	case wire.Ping:
		c.writeAhead(id, wire.Pong(f))
		return true
	case wire.Pong:
		if k != nil {
			k.answered = max(k.answered, time.Duration(f.Nonce))
		}
		return true
	}
	return false
}
