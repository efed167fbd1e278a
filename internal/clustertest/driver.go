package clustertest

import (
	"chandy/program"
	"chandy/snapshot"
)

// Idle is a program that does nothing. Its state is {}. Other programs of tests embed it.
type Idle struct{}

func (Idle) Start(program.Process)              {}
func (Idle) Receive(snapshot.ProcessID, []byte) {}
func (Idle) Capture(done func(program.State))   { done(program.State{Bytes: []byte("{}")}) }
func (Idle) Restore(_ []byte, done func(error)) { done(nil) }

// Driver is a program that does only what a test makes it do.
type Driver struct {
	Idle
	program.Process
	started chan struct{}
}

// Start implements program.Program.
func (d *Driver) Start(p program.Process) {
	d.Process = p
	close(d.started)
}

// Drive starts the node of a process with a Driver, and returns it when it has started.
func (c *Cluster) Drive(id snapshot.ProcessID) *Driver {
	c.t.Helper()
	d := &Driver{started: make(chan struct{})}
	c.Host(id, d)
	Await(c, d.started)
	return d
}

// Wait calls f on the loop of the node, and returns when f has returned.
func (d *Driver) Wait(f func()) {
	done := make(chan struct{})
	d.Do(func() {
		defer close(done)
		f()
	})
	<-done
}
