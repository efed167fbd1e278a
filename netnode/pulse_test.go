package netnode

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/core"
	"chandy/wire"
)

// While a step lasts, a peer gets a ping every second, and a client none. Between steps
// pulse sends nothing.
func TestVirtualPulse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &Node{}
		n.stop, n.end = context.WithCancel(t.Context())
		n.conns.byID = map[core.ConnID]*conn{}
		pings := map[bool]*atomic.Int64{}
		for _, peer := range []bool{true, false} {
			here, there := net.Pipe()
			c := newConn(n, n.conns.nextAccepted(), here)
			c.pulses = peer
			n.conns.add(c)
			count := new(atomic.Int64)
			pings[peer] = count
			go func() {
				for reader := wire.NewReader(there, wire.FrameMax); ; count.Add(1) {
					if f, err := reader.Read(); err != nil || f.Type() != wire.TypePing {
						return
					}
				}
			}()
			defer there.Close()
		}
		go n.pulse()
		check := func(when string, low, high int64) {
			synctest.Wait()
			if got, others := pings[true].Load(), pings[false].Load(); got < low || got > high || others != 0 {
				t.Errorf("%s: got %d pings to a peer and %d to a client, want %d to %d and none", when, got, others, low, high)
			}
		}
		time.Sleep(10 * time.Second)
		check("between two steps", 0, 0)
		n.mu.Lock()
		time.Sleep(500 * time.Millisecond)
		n.mu.Unlock()
		check("after a short step", 0, 0)
		n.mu.Lock()
		time.Sleep(10 * time.Second)
		check("after 10 s of a step", 8, 10)
		n.mu.Unlock()
		n.end()
	})
}
