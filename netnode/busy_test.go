package netnode_test

import (
	"testing"

	"chandy/program"
	"chandy/snapshot"
)

// idle is a program that does nothing.
type idle struct{}

func (idle) Start(program.Process)              {}
func (idle) Receive(snapshot.ProcessID, []byte) {}
func (idle) Capture(done func(program.State))   { done(program.State{Bytes: []byte("{}")}) }
func (idle) Restore(_ []byte, done func(error)) { done(nil) }

// spinner is a program of which a timer is always due.
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

// A program that keeps its timers busy receives messages and requests of clients
// all the same, and its state is captured.
func TestVirtualBusyTimers(t *testing.T) {
	virtual(t, bankFile(2, ""), func(t *testing.T, _ *memNetwork, c *cluster) {
		busy := &spinner{received: make(chan snapshot.ProcessID, 1)}
		c.host("p2", busy)
		s := &sender{started: make(chan struct{})}
		c.host("p1", s)
		<-s.started
		s.process.Do(func() { s.process.Send("p2", []byte("{}")) })
		if from := <-busy.received; from != "p1" {
			t.Errorf("a message from %s", from)
		}
		if end, err := c.snapshot(t.Context(), 1e9, "p1"); err != nil || end.Status != "complete" {
			t.Errorf("%+v, %v", end, err)
		}
	})
}
