package netnode_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
)

// In a ring in which p2 is away, no marker reaches p3, so p1 records what p3 sends, 2 MB a
// second, until the time-out of each snapshot. What p1 holds stays within its memory:
// snapshots end early or are refused, with the reason, and the node goes on.
func TestVirtualRecordingsAreBounded(t *testing.T) {
	text := clustertest.File(`
[program]
kind = "bank"
[network]
outbox_high = "256KiB"
outbox_limit = "512KiB"
outbox_total = "1MiB"
[limits]
memory = "8MiB"
`, `p1 channels = ["p2"]`, `p2 channels = ["p3"]`, `p3 channels = ["p1"]`)
	clustertest.Virtual(t, text, banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Drive("p1")
		p3 := c.Drive("p3")
		var tick func()
		tick = func() {
			p3.Send("p1", make([]byte, 20_000))
			p3.After(10*time.Millisecond, tick)
		}
		p3.Wait(func() { p3.After(0, tick) })
		var ended []string
		outcomes := make(chan string)
		const snapshots = 50
		for range snapshots {
			go func() {
				s, err := c.Take(10*time.Second, "p1")
				if err != nil {
					outcomes <- err.Error()
					return
				}
				outcomes <- s.Status() + " " + strings.Join(s.End.Missing, ", ")
			}()
			time.Sleep(time.Second)
			synctest.Wait()
			if m := c.Status("p1").Memory; m.Used > m.Limit+m.Limit/16 {
				t.Errorf("memory of p1: got %+v, want at most the limit and a little in use", m)
			}
		}
		for range snapshots {
			ended = append(ended, <-outcomes)
		}
		all := strings.Join(ended, "\n")
		for _, want := range []string{"more than half of its memory (limits.memory)", "when its memory was full (limits.memory)"} {
			if !strings.Contains(all, want) {
				t.Errorf("outcomes of the snapshots: got\n%s\nwant %q in one", all, want)
			}
		}
		c.Drive("p2")
		c.Up()
		c.Complete("p1")
	})
}
