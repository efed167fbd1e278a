package netnode_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// A connection that stands still for three seconds is borne; nothing is sent twice.
// One that stands still for six is found dead within five, and the channel goes on
// over a new one; what was on the old one comes to nobody when it moves again.
func TestVirtualStall(t *testing.T) {
	const p1, p2 = "127.0.0.1:7101", "127.0.0.1:7102"
	for _, test := range []struct {
		name  string
		stall time.Duration
		dead  bool
	}{
		{"3 s", 3 * time.Second, false},
		{"6 s", 6 * time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			virtual(t, bankFile(2, "transfers_per_second = 100\n"), func(t *testing.T, network *memNetwork, c *cluster) {
				c.startAll()
				c.waitUp(t.Context())
				time.Sleep(time.Second)
				for n := range uint64(3) {
					release := network.stall(p1, p2)
					time.Sleep(min(test.stall, 5*time.Second))
					synctest.Wait()
					reconnects := uint64(0)
					if test.dead {
						reconnects = n + 1
					}
					if l := c.linkTo(t.Context(), "p2"); !l.Up || l.Reconnects != reconnects || (l.Resent > 0) != test.dead {
						t.Errorf("stall %d: %+v", n, l)
					}
					time.Sleep(max(0, test.stall-5*time.Second))
					release()
					time.Sleep(time.Second)
					s, err := c.snapshot(t.Context(), time.Second, "p1")
					if err != nil || s.Status != "complete" || s.sum() != 2000 {
						t.Errorf("stall %d: %+v, %v", n, s, err)
					}
					in := c.status(t.Context(), "p2").Incoming[0]
					if in.Violations != 0 || in.Duplicates != 0 || in.Reconnects != reconnects {
						t.Errorf("stall %d: %+v", n, in)
					}
				}
			})
		})
	}
}

// A snapshot goes through a stall shorter than its time-out, and one that is not
// answered for longer is partial for a reason that names the process.
func TestVirtualStallDuringSnapshot(t *testing.T) {
	virtual(t, bankFile(2, "transfers_per_second = 100\n"), func(t *testing.T, network *memNetwork, c *cluster) {
		c.startAll()
		c.waitUp(t.Context())
		for _, test := range []struct {
			timeout time.Duration
			status  string
		}{
			{10 * time.Second, "complete"},
			{2 * time.Second, "partial"},
		} {
			release := network.stall("127.0.0.1:7101", "127.0.0.1:7102")
			s, err := c.snapshot(t.Context(), test.timeout, "p1")
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case s.Status != test.status:
				t.Errorf("time-out %v: %s, %+v", test.timeout, s.Status, s.Missing)
			case s.Status == "complete" && (s.sum() != 2000 || s.end.ElapsedMS > 5500):
				t.Errorf("sum %d after %v ms", s.sum(), s.end.ElapsedMS)
			case s.Status == "partial" && (len(s.Missing) != 1 || s.Missing[0].Process != "p2" || s.Missing[0].Reason != "part not received" || s.end.ElapsedMS != 2000):
				t.Errorf("%v ms, missing %+v", s.end.ElapsedMS, s.Missing)
			}
			release()
			time.Sleep(10 * time.Second)
		}
	})
}
