package netnode_test

import (
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
)

// A connection that stalls for three seconds stays up, and nothing is sent twice. A stall
// of six seconds is detected within five, and so is a connection whose peer has vanished.
// The channel then continues over a new connection. Nobody receives what was on the old one
// when that moves again.
func TestVirtualStall(t *testing.T) {
	stalls := func(m *clustertest.Memory, from, to string) (release func()) { return m.Stall(from, to) }
	loses := func(m *clustertest.Memory, from, to string) (release func()) {
		m.Swallow(from, to)
		return func() {}
	}
	for _, test := range []struct {
		name  string
		fault func(m *clustertest.Memory, from, to string) (release func())
		lasts time.Duration
		dead  bool
	}{
		{"stall of 3 s", stalls, 3 * time.Second, false},
		{"stall of 6 s", stalls, 6 * time.Second, true},
		{"peer vanished", loses, 5 * time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			clustertest.Virtual(t, bankFile(2, "transfers_per_second = 100\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
				c.Start()
				c.Up()
				time.Sleep(10 * time.Second)
				if l := c.Outgoing("p1", "p2"); !l.Up || l.Reconnects != 0 {
					t.Errorf("after ten seconds without a fault: got %+v, want it up without reconnects", l)
				}
				for n := range uint64(3) {
					release := test.fault(c.Memory, c.Address("p1"), c.Address("p2"))
					time.Sleep(min(test.lasts, 5*time.Second))
					synctest.Wait()
					reconnects := uint64(0)
					if test.dead {
						reconnects = n + 1
					}
					if l := c.Outgoing("p1", "p2"); !l.Up || l.Reconnects != reconnects || (l.Resent > 0) != test.dead {
						t.Errorf("fault %d: got %+v, want it up after %d reconnects, with messages sent again: %v", n, l, reconnects, test.dead)
					}
					time.Sleep(max(0, test.lasts-5*time.Second))
					release()
					time.Sleep(time.Second)
					if s := c.Complete("p1"); sum(s) != 2000 {
						t.Errorf("fault %d: got sum %d, want 2000", n, sum(s))
					}
					in := c.Status("p2").Incoming[0]
					if in.Violations != 0 || in.Duplicates != 0 || in.Reconnects != reconnects {
						t.Errorf("fault %d: got %+v, want %d reconnects, no violations, no duplicates", n, in, reconnects)
					}
				}
			})
		})
	}
}

// A snapshot is completed after a stall shorter than its time-out. After a longer one it is
// partial, and names the process.
func TestVirtualStallDuringSnapshot(t *testing.T) {
	clustertest.Virtual(t, bankFile(2, "transfers_per_second = 100\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		for _, test := range []struct {
			timeout time.Duration
			status  string
		}{
			{10 * time.Second, "complete"},
			{2 * time.Second, "partial"},
		} {
			release := c.Memory.Stall(c.Address("p1"), c.Address("p2"))
			s := c.Snapshot(test.timeout, "p1")
			switch {
			case s.Status() != test.status:
				t.Errorf("time-out %v: got %s, missing %+v; want %s", test.timeout, s.Status(), s.Missing, test.status)
			case s.Status() == "complete" && (sum(s) != 2000 || s.End.ElapsedMS > 5500):
				t.Errorf("got sum %d after %v ms, want 2000 after at most 5500", sum(s), s.End.ElapsedMS)
			case s.Status() == "partial" && (len(s.Missing) != 1 || s.Missing[0].Process != "p2" || s.Missing[0].Reason != "part not received" || s.End.ElapsedMS != 2000):
				t.Errorf("got %v ms, missing %+v; want 2000, p2: part not received", s.End.ElapsedMS, s.Missing)
			}
			release()
			time.Sleep(10 * time.Second)
		}
	})
}
