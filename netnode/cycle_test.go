package netnode_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/explore"
	"chandy/program"
	"chandy/snapshot"
)

// asking is a correct request–reply program. It answers each request at once, on the
// channel back, and asks its next question when it has an answer, with many questions
// open at a time. On channels that hold little it would deadlock if a node stopped
// receiving while it cannot send.
type asking struct {
	clustertest.Idle
	process  program.Process
	size     int // bytes of a message
	atOnce   int // open questions on each channel
	each     int // questions in all, on each channel
	asked    map[snapshot.ProcessID]int
	answered map[snapshot.ProcessID]int
	left     chan<- struct{} // receives one value for each channel that has all its answers
}

func (a *asking) Start(p program.Process) {
	a.process = p
	a.asked, a.answered = map[snapshot.ProcessID]int{}, map[snapshot.ProcessID]int{}
	for _, to := range p.Channels() {
		for range a.atOnce {
			a.ask(to)
		}
	}
}

func (a *asking) ask(to snapshot.ProcessID) {
	if a.asked[to] < a.each {
		a.asked[to]++
		a.send(to, '?')
	}
}

func (a *asking) send(to snapshot.ProcessID, kind byte) {
	message := make([]byte, a.size)
	message[0] = kind
	if err := a.process.Send(to, message); err != nil {
		a.process.Stop(err)
	}
}

func (a *asking) Receive(from snapshot.ProcessID, payload []byte) {
	if payload[0] == '?' {
		a.send(from, '!')
		return
	}
	if a.answered[from]++; a.answered[from] == a.each {
		a.left <- struct{}{}
	}
	a.ask(from)
}

func (a *asking) Capture(done func(program.State)) {
	state, _ := json.Marshal(map[string]any{"asked": a.asked, "answered": a.answered})
	done(program.State{Bytes: state})
}

// A request–reply program on a cycle of full channels does not deadlock. Each channel
// carries hundreds of times its window, in both directions at once.
func TestVirtualCycle(t *testing.T) {
	for _, markers := range []string{"in-order", "ahead"} {
		for _, size := range []int{100, 3000, 20_000} { // a message may be larger than the window
			t.Run(fmt.Sprintf("%s, %d bytes", markers, size), func(t *testing.T) {
				if explore.Race && size > 3000 {
					t.Skip("takes long under the race detector")
				}
				text := bankFile(3, fmt.Sprintf("[network]\nwindow = \"4KiB\"\ndelay = \"1ms\"\n[snapshot]\nmarkers = %q\n", markers))
				clustertest.Virtual(t, text, banks, func(t *testing.T, c *clustertest.Cluster) {
					const each, channels = 300, 6
					left := make(chan struct{}, channels)
					for _, id := range c.Config.IDs() {
						c.Host(id, &asking{size: size, atOnce: 100, each: each, left: left})
					}
					// A snapshot gets through although all channels are full.
					c.Up()
					if s := c.Snapshot(10*time.Second, "p2"); !s.Complete() || s.InFlight() < 100 {
						t.Errorf("got a %s snapshot with %d messages in flight, want complete with 100 or more", s.Status(), s.InFlight())
					}
					c.Memory.Cut(c.Address("p1"), c.Address("p2"))
					deadline := time.After(time.Minute)
					for n := range channels {
						select {
						case <-left:
						case <-deadline:
							t.Fatalf("after a minute: got all answers on %d channels, want all %d", n, channels)
						}
					}
					synctest.Wait()
				})
			})
		}
	}
}
