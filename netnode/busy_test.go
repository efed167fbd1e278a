package netnode_test

import (
	"testing"

	"chandy/internal/clustertest"
	"chandy/program"
	"chandy/snapshot"
)

// spinner is a program that always has a timer due.
type spinner struct {
	clustertest.Idle
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
		s := c.Drive("p1")
		s.Wait(func() { s.Send("p2", []byte("{}")) })
		if from := <-busy.received; from != "p1" {
			t.Errorf("got a message from %s, want one from p1", from)
		}
		c.Complete("p1")
	})
}
