package netnode_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/explore"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// slowLink is 64 kbit/s, in bytes a second.
const slowLink = 8000

// keeper is a program with a state of some bytes, which keeps what it receives.
type keeper struct {
	clustertest.Idle
	state    []byte
	received chan []byte
}

func (k *keeper) Receive(_ snapshot.ProcessID, payload []byte) { k.received <- bytes.Clone(payload) }
func (k *keeper) Capture(done func(program.State))             { done(program.State{Bytes: k.state}) }

// next returns the next message, or nil if none comes in time.
func (k *keeper) next(within time.Duration) []byte {
	select {
	case payload := <-k.received:
		return payload
	case <-time.After(within):
		return nil
	}
}

// slowCluster runs p1, which a test drives, and p2, a keeper, with a slow link between them.
func slowCluster(t *testing.T, from, to snapshot.ProcessID, state int, f func(c *clustertest.Cluster, p1 *clustertest.Driver, p2 *keeper)) {
	clustertest.Virtual(t, clustertest.File("[program]\nkind = \"bank\"\n", "p1", "p2"), clustertest.Options{}, func(t *testing.T, c *clustertest.Cluster) {
		c.Memory.Throttle(c.Address(from), c.Address(to), slowLink)
		p1 := c.Drive("p1")
		p2 := &keeper{state: bytes.Repeat([]byte("1"), state), received: make(chan []byte, 10)}
		c.Host("p2", p2)
		c.Up()
		f(c, p1, p2)
	})
}

// linkTime returns how long a slow link takes for a number of bytes.
func linkTime(bytes int) time.Duration { return time.Duration(bytes) * time.Second / slowLink }

// The longest message arrives over a slow link, over one connection and in about the time
// that the link needs. A snapshot meanwhile waits for at most the bytes that the kernel
// has, a fragment, and what is written behind it, but not for the message.
func TestVirtualSlowLink(t *testing.T) {
	if explore.Race {
		t.Skip("it takes 11 s with the race detector")
	}
	slowCluster(t, "p1", "p2", 10, func(c *clustertest.Cluster, p1 *clustertest.Driver, p2 *keeper) {
		message := bytes.Repeat([]byte("0123456789abcdef"), wire.MessageMax/16)
		begun := time.Now()
		p1.Wait(func() {
			p1.Send("p2", message)
			p1.Send("p2", []byte("small"))
		})
		time.Sleep(time.Minute)
		if s := c.Snapshot(2*time.Second, "p1"); s.Complete() || s.Elapsed != 2*time.Second {
			t.Errorf("a snapshot with a time-out of 2 s: got %s after %v, want it partial after 2 s", s.Status(), s.Elapsed)
		}
		s := c.Snapshot(time.Minute, "p1")
		if limit := linkTime(3 * wire.FragmentMax); s.Elapsed > limit || s.InFlight() != 2 {
			t.Errorf("got a snapshot with %d messages in flight after %v, want both after %v at most", s.InFlight(), s.Elapsed, limit)
		}
		if got := p2.next(2 * linkTime(wire.MessageMax)); !bytes.Equal(got, message) {
			t.Errorf("got another message of %d bytes, want the one that was sent", len(got))
		}
		if took, limit := time.Since(begun), linkTime(wire.MessageMax)*3/2; took > limit {
			t.Errorf("the message took %v, want at most %v", took, limit)
		}
		if got := p2.next(time.Minute); string(got) != "small" {
			t.Errorf("got message %.20q, want small", got)
		}
		if l := c.Outgoing("p1", "p2"); !l.Up || l.Reconnects != 0 || l.Resent != 0 {
			t.Errorf("got %+v, want one connection", l)
		}
	})
}

// A part arrives over a slow link.
func TestVirtualSlowPart(t *testing.T) {
	const size = 600 << 10
	slowCluster(t, "p2", "p1", size, func(c *clustertest.Cluster, p1 *clustertest.Driver, p2 *keeper) {
		s := c.Snapshot(3*time.Minute, "p1")
		if limit := linkTime(size) * 3 / 2; !s.Complete() || s.Elapsed > limit {
			t.Errorf("got a snapshot that is %s after %v, want it complete after at most %v", s.Status(), s.Elapsed, limit)
		}
	})
}

// Both ends find within 5 s that a slow link has stopped in the middle of a message.
func TestVirtualSlowLinkStops(t *testing.T) {
	slowCluster(t, "p1", "p2", 10, func(c *clustertest.Cluster, p1 *clustertest.Driver, p2 *keeper) {
		p1.Wait(func() { p1.Send("p2", make([]byte, wire.MessageMax)) })
		time.Sleep(time.Minute)
		for range 3 {
			c.Memory.Swallow(c.Address("p1"), c.Address("p2"))
			time.Sleep(5 * time.Second)
			synctest.Wait()
			out, in := c.Outgoing("p1", "p2"), c.Status("p2").Incoming[0]
			if out.Reconnects == 0 || in.Reconnects == 0 {
				t.Errorf("after 5 s: got %+v and %+v, want both to have found the end", out, in)
			}
			time.Sleep(10 * time.Second)
		}
		if in := c.Status("p2").Incoming[0]; in.Violations != 0 {
			t.Errorf("got %+v, want no violation: the message begins again on a new connection", in)
		}
	})
}
