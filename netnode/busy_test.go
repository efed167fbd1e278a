package netnode_test

import (
	"testing"

	"chandy/internal/clustertest"
	"chandy/program"
	"chandy/snapshot"
)

// idle is a program that does nothing.
type idle struct{}

func (idle) Start(program.Process)              {}
func (idle) Receive(snapshot.ProcessID, []byte) {}
func (idle) Capture(done func(program.State))   { done(program.State{Bytes: []byte("{}")}) }
func (idle) Restore(_ []byte, done func(error)) { done(nil) }

// spinner is a program that always has a timer due.
type spinner struct {
	idle
	process  program.Process
	received chan snapshot.ProcessID
}

func (s *spinner) Start(p program.Process) {
	s.process = p
	s.spin()
}

func (s *spinner) spin() { s.process.After(0, s.spin) }

func (s *spinner) Receive(from snapshot.ProcessID, _ []byte) {
	select {
	case s.received <- from:
	default:
	}
}

// A program that keeps its timers busy still receives messages, and its state is
// captured.
func TestVirtualBusyTimers(t *testing.T) {
	clustertest.Virtual(t, bankFile(2, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		busy := &spinner{received: make(chan snapshot.ProcessID, 1)}
		c.Host("p2", busy)
		s := hosted(c, "p1")
		s.process.Do(func() { s.process.Send("p2", []byte("{}")) })
		if from := <-busy.received; from != "p1" {
			t.Errorf("got a message from %s, want one from p1", from)
		}
		c.Complete("p1")
	})
}
