package netnode_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
	"chandy/snapshot"
)

// threeOut is a cluster file of one process with channels to three others.
var threeOut = clustertest.File(`
[program]
kind = "bank"
[network]
outbox_high = "128KiB"
outbox_limit = "1MiB"
outbox_total = "2MiB"
`, `a1 channels = ["b", "d", "e"]`, "b channels = []", "d channels = []", "e channels = []")

// When all outboxes together exceed their limit, the node ends and names the channel
// that holds the most.
func TestVirtualOutboxTotal(t *testing.T) {
	clustertest.Virtual(t, threeOut, banks, func(t *testing.T, c *clustertest.Cluster) {
		a1 := c.Drive("a1")
		send := func(to snapshot.ProcessID, kib int) {
			a1.Wait(func() {
				for range kib {
					a1.Send(to, make([]byte, 1000))
				}
			})
		}
		send("b", 700)
		send("d", 900)
		send("e", 400)
		synctest.Wait()
		select {
		case <-c.Done("a1"):
			t.Fatalf("below the limit: got a node that ended (%v), want it to run", c.Ended("a1"))
		default:
		}
		a1.Do(func() {
			for range 200 {
				a1.Send("e", make([]byte, 1000))
			}
		})
		const want = "the outboxes hold more than 2048 KiB (outbox_total), most of it channel a1->d: is d down or too slow?"
		if err := c.Ended("a1"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	})
}

// While an outbox is above its high-water mark, the timers of the program wait, and
// nothing else does. They run again when the outbox has drained.
func TestVirtualOutboxHigh(t *testing.T) {
	clustertest.Virtual(t, threeOut, banks, func(t *testing.T, c *clustertest.Cluster) {
		a1 := c.Drive("a1")
		ticks := 0
		var tick func()
		tick = func() {
			ticks++
			a1.Send("b", make([]byte, 1000))
			a1.After(10*time.Millisecond, tick)
		}
		a1.Wait(func() { a1.After(0, tick) })
		time.Sleep(time.Minute)
		synctest.Wait()
		if ticks < 128 || ticks > 132 {
			t.Fatalf("got %d ticks of 1,000 bytes each, want 128 to 132 for an outbox of 128 KiB", ticks)
		}
		a1.Wait(func() {}) // returns
		if l := c.Status("a1").Outgoing[0]; l.Outbox.Messages != ticks || l.Outbox.Bytes <= 128<<10 {
			t.Errorf("outbox: got %+v, want %d messages, more than 128 KiB", l.Outbox, ticks)
		}
		c.Drive("b")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if ticks < 900 || ticks > 1140 {
			t.Errorf("ten seconds after the receiver came: got %d ticks, want 900 to 1140", ticks)
		}
	})
}

// While all outboxes together are above their high-water mark, the timers of the program
// wait, though no outbox is above its own. They run again when the outboxes have drained.
func TestVirtualOutboxTotalHigh(t *testing.T) {
	text := strings.Replace(threeOut, "128KiB", "900KiB", 1)
	clustertest.Virtual(t, text, banks, func(t *testing.T, c *clustertest.Cluster) {
		a1 := c.Drive("a1")
		ticks := 0
		var tick func()
		tick = func() {
			ticks++
			for _, to := range []snapshot.ProcessID{"b", "d", "e"} {
				a1.Send(to, make([]byte, 1000))
			}
			a1.After(10*time.Millisecond, tick)
		}
		a1.Wait(func() { a1.After(0, tick) })
		time.Sleep(time.Minute)
		synctest.Wait()
		held := ticks
		if held < 345 || held > 352 {
			t.Errorf("got %d ticks of 3,000 bytes each, want 345 to 352 for outboxes of 1 MiB", held)
		}
		c.Drive("b")
		c.Drive("d")
		c.Drive("e")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := ticks - held; got < 800 {
			t.Errorf("ten seconds after the receivers came: got %d ticks more, want at least 800", got)
		}
	})
}
