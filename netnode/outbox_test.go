package netnode_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chandy/program"
	"chandy/snapshot"
)

// hosted starts a node with a sender and returns it when the program has started.
func (c *cluster) hosted() *sender {
	s := &sender{started: make(chan struct{})}
	c.host("a1", s)
	<-s.started
	return s
}

// do calls f on the loop and waits until it has returned.
func (s *sender) do(f func(p program.Process)) {
	done := make(chan struct{})
	s.process.Do(func() {
		defer close(done)
		f(s.process)
	})
	<-done
}

const threeOut = `name = "test"
[[process]]
id = "a1"
address = "127.0.0.1:7101"
channels = ["b", "d", "e"]
[[process]]
id = "b"
address = "127.0.0.1:7102"
channels = []
[[process]]
id = "d"
address = "127.0.0.1:7103"
channels = []
[[process]]
id = "e"
address = "127.0.0.1:7104"
channels = []
[program]
kind = "bank"
[network]
outbox_high = "128KiB"
outbox_limit = "1MiB"
outbox_total = "2MiB"
`

// All outboxes together beyond their limit end the node, which names the channel
// that holds the most.
func TestVirtualOutboxTotal(t *testing.T) {
	virtual(t, threeOut, func(t *testing.T, _ *memNetwork, c *cluster) {
		s := c.hosted()
		send := func(to snapshot.ProcessID, kib int) {
			s.do(func(p program.Process) {
				for range kib {
					p.Send(to, make([]byte, 1000))
				}
			})
		}
		send("b", 700)
		send("d", 900)
		send("e", 400)
		synctest.Wait()
		r := c.nodes["a1"]
		select {
		case err := <-r.done:
			t.Fatalf("below the limit the node ended with %v", err)
		default:
		}
		delete(c.nodes, "a1")
		s.process.Do(func() {
			for range 200 {
				s.process.Send("e", make([]byte, 1000))
			}
		})
		err := <-r.done
		if err == nil || !strings.Contains(err.Error(), "the outboxes hold more than 2048 KiB (outbox_total), most of it channel a1->d: is d down or too slow?") {
			t.Errorf("the node ended with %v", err)
		}
	})
}

// While an outbox is over its high water, timers of the program wait, and only
// they; they go on when it has come down.
func TestVirtualOutboxHigh(t *testing.T) {
	virtual(t, threeOut, func(t *testing.T, _ *memNetwork, c *cluster) {
		s := c.hosted()
		ticks := 0
		var tick func()
		tick = func() {
			ticks++
			s.process.Send("b", make([]byte, 1000))
			s.process.After(10*time.Millisecond, tick)
		}
		s.do(func(p program.Process) { p.After(0, tick) })
		time.Sleep(time.Minute)
		synctest.Wait()
		if ticks < 128 || ticks > 132 {
			t.Fatalf("%d ticks of 1,000 bytes each for an outbox of 128 KiB", ticks)
		}
		called := false
		s.do(func(program.Process) { called = true }) // returns
		if l := c.status(t.Context(), "a1").Outgoing[0]; !called || l.Outbox.Messages != ticks || l.Outbox.Bytes <= 128<<10 {
			t.Errorf("outbox: %+v", l.Outbox)
		}
		b := &sender{started: make(chan struct{})}
		c.host("b", b)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if ticks < 900 || ticks > 1140 {
			t.Errorf("%d ticks, ten seconds after the receiver came", ticks)
		}
	})
}
