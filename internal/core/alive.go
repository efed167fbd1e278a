package core

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"chandy/wire"
)

// A connection whose peer has vanished (power lost, cable cut) says nothing at all.
// So an idle one is pinged, and one that is silent nevertheless is given up.
const (
	// pingAfter is how long a connection may be silent before it is pinged.
	pingAfter = 1500 * time.Millisecond
	// DeadAfter is how long it may be silent at all: found within 5 s.
	DeadAfter = 4500 * time.Millisecond
	// lookEvery is how often the node looks.
	lookEvery = 250 * time.Millisecond
)

// pulse is when a connection between nodes was last heard of, and pinged.
type pulse struct {
	heard, pinged time.Duration
	pongs         uint64
}

// look pings connections that are silent and gives up those that stay so. It also
// frees memory that was kept for busy channels.
func (c *Core) look() {
	c.after(lookEvery, c.look)
	c.spares.Trim()
	// If the node itself did not run for a while (stopped, or its machine was
	// suspended), what was sent to it meanwhile has not been read yet.
	slept := c.now-c.looked > 4*lookEvery
	c.looked = c.now
	for _, id := range slices.Sorted(maps.Keys(c.conns)) {
		if one := c.conns[id]; one != nil && one.pulse != nil {
			c.lookAt(id, one.pulse, slept)
		}
	}
}

func (c *Core) lookAt(id ConnID, p *pulse, slept bool) {
	switch {
	case slept:
		p.heard = c.now
	case c.now-p.heard >= DeadAfter:
		c.hangUp(id, false, fmt.Errorf("nothing was heard for %v", DeadAfter))
	case c.now-max(p.heard, p.pinged) >= pingAfter:
		p.pinged = c.now
		c.write(id, wire.Ping{Nonce: uint64(c.now)})
	}
}

// heard takes a sign of life. It answers pings, which belong on every connection,
// and tells whether the frame was about that only.
func (c *Core) heard(id ConnID, one *connected, f wire.Frame) bool {
	p := one.pulse
	if p != nil {
		p.heard = c.now
	}
	switch f := f.(type) {
	case wire.Ping:
		c.write(id, wire.Pong(f))
		return true
	case wire.Pong:
		if p != nil {
			p.pongs++
		}
		return true
	}
	return false
}
