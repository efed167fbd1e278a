package netnode

import (
	"time"

	"chandy/internal/core"
	"chandy/wire"
)

// pulseEvery is how often pulse looks, and how long a step may last before it does
// something.
const pulseEvery = time.Second

// pulse pings the peers while a step lasts long, until the node stops. The core cannot:
// a program that computes within a step, or a machine that swaps, would make the peers
// close their connections.
func (n *Node) pulse() {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	for before := uint64(0); ; {
		select {
		case <-tick.C:
		case <-n.stop.Done():
			return
		}
		steps := n.steps.Load()
		if idle := n.mu.TryLock(); idle {
			n.mu.Unlock()
		} else if steps == before {
			n.conns.each((*conn).ping)
		}
		before = steps
	}
}

// ping sends a ping to a peer that may get one. No goroutine of a step may call it.
func (c *conn) ping() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pulses && !c.closing {
		var v iovec // the one of the node belongs to the step
		c.writeTo(&v, core.Write{Conn: c.id, Frames: []wire.Frame{wire.Ping{}}, Ahead: true})
	}
}
