package netnode_test

import (
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
)

// A connection that stands still for three seconds is borne; nothing is sent twice.
// One that stands still for six is found dead within five, and the channel goes on
// over a new one; what was on the old one comes to nobody when it moves again.
func TestVirtualStall(t *testing.T) {
	for _, test := range []struct {
		name  string
		stall time.Duration
		dead  bool
	}{
		{"3 s", 3 * time.Second, false},
		{"6 s", 6 * time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			clustertest.Virtual(t, bankFile(2, "transfers_per_second = 100\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
				c.Start()
				c.Up()
				time.Sleep(time.Second)
				for n := range uint64(3) {
					release := c.Memory.Stall(c.Address("p1"), c.Address("p2"))
					time.Sleep(min(test.stall, 5*time.Second))
					synctest.Wait()
					reconnects := uint64(0)
					if test.dead {
						reconnects = n + 1
					}
					if l := c.Outgoing("p1", "p2"); !l.Up || l.Reconnects != reconnects || (l.Resent > 0) != test.dead {
						t.Errorf("stall %d: got %+v, want it up after %d reconnects, with messages sent again: %v", n, l, reconnects, test.dead)
					}
					time.Sleep(max(0, test.stall-5*time.Second))
					release()
					time.Sleep(time.Second)
					if s := c.Complete("p1"); sum(s) != 2000 {
						t.Errorf("stall %d: got sum %d, want 2000", n, sum(s))
					}
					in := c.Status("p2").Incoming[0]
					if in.Violations != 0 || in.Duplicates != 0 || in.Reconnects != reconnects {
						t.Errorf("stall %d: got %+v, want %d reconnects, no violations, no duplicates", n, in, reconnects)
					}
				}
			})
		})
	}
}

// A snapshot goes through a stall shorter than its time-out, and one that is not
// answered for longer is partial for a reason that names the process.
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
