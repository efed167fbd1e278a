package netnode_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"chandy/program"
	"chandy/snapshot"
)

// asking is a correct request–reply program: it answers each request at once, on
// the channel back, and asks the next time when it has its answer, many questions
// at a time. It would stop for ever on channels that hold little if a node stopped
// receiving while it cannot send.
type asking struct {
	process  program.Process
	size     int // bytes of a message
	atOnce   int // questions without an answer, on each channel
	each     int // questions in all, on each channel
	asked    map[snapshot.ProcessID]int
	answered map[snapshot.ProcessID]int
	left     chan<- struct{} // one for each channel that has all answers
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

func (a *asking) Restore(_ []byte, done func(error)) { done(nil) }

// A request–reply program on a cycle of full channels does not deadlock: each
// channel has hundreds of times its window to carry, in both directions at once.
func TestVirtualCycle(t *testing.T) {
	for _, markers := range []string{"in-order", "ahead"} {
		for _, size := range []int{100, 3000, 20_000} { // a message may be larger than the window
			t.Run(fmt.Sprintf("%s, %d bytes", markers, size), func(t *testing.T) {
				if raceEnabled && size > 3000 {
					t.Skip("takes long under the race detector")
				}
				text := bankFile(3, fmt.Sprintf("[network]\nwindow = \"4KiB\"\ndelay = \"1ms\"\n[snapshot]\nmarkers = %q\n", markers))
				virtual(t, text, func(t *testing.T, network *memNetwork, c *cluster) {
					const each, channels = 300, 6
					left := make(chan struct{}, channels)
					for _, id := range c.config.IDs() {
						c.host(id, &asking{size: size, atOnce: 100, each: each, left: left})
					}
					// All the channels are full, and a snapshot comes through.
					c.waitUp(t.Context())
					s, err := c.snapshot(t.Context(), 10*time.Second, "p2")
					if err != nil || s.Status != "complete" || s.end.InFlight < 100 {
						t.Errorf("%+v, %v", s, err)
					}
					network.cut("127.0.0.1:7101", "127.0.0.1:7102")
					deadline := time.After(time.Minute)
					for n := range channels {
						select {
						case <-left:
						case <-deadline:
							t.Fatalf("%d of %d channels have all their answers after a minute", n, channels)
						}
					}
					synctest.Wait()
				})
			})
		}
	}
}
