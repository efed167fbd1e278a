package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"chandy/program"
	"chandy/snapshot"
)

// quiet is a program that does nothing.
type quiet struct{}

func (quiet) Start(program.Process)              {}
func (quiet) Receive(snapshot.ProcessID, []byte) {}
func (quiet) Restore(_ []byte, done func(error)) { done(nil) }
func (quiet) Capture(done func(program.State)) {
	done(program.State{Bytes: []byte(`{"state":"quiet"}`)})
}

// large is a program that does nothing and has a state of any size.
type large struct {
	quiet
	state []byte
}

// textState returns a state of n bytes, a string.
func textState(n int) []byte { return fmt.Appendf(nil, "%q", strings.Repeat("x", max(0, n-2))) }

func (l *large) Capture(done func(program.State)) { done(program.State{Bytes: l.state}) }

// source is a program that sends to one process as fast as the node permits.
type source struct {
	quiet
	process program.Process
	to      snapshot.ProcessID
	payload []byte
	left    int           // messages still to be sent
	started chan struct{} // closed by Start
}

func newSource(to snapshot.ProcessID, payload []byte) *source {
	return &source{to: to, payload: payload, started: make(chan struct{})}
}

const sourceBatch = 32 << 10 // bytes that a source sends in one turn, about

func (s *source) Start(p program.Process) {
	s.process = p
	close(s.started)
}

// send makes the source send n messages. It waits for Start, which does not come if ctx ends
// first. Any goroutine may call it.
func (s *source) send(ctx context.Context, n int) {
	select {
	case <-s.started:
	case <-ctx.Done():
		return
	}
	s.process.Do(func() {
		s.left = n
		s.fill()
	})
}

func (s *source) fill() {
	for range min(s.left, max(1, sourceBatch/len(s.payload))) {
		s.process.Send(s.to, s.payload)
		s.left--
	}
	if s.left > 0 {
		s.process.After(0, s.fill)
	}
}

// sink is a program that calls got for every message.
type sink struct {
	quiet
	got func()
}

func (s *sink) Receive(snapshot.ProcessID, []byte) { s.got() }

// echo is a program that sends every message back.
type echo struct {
	quiet
	process program.Process
}

func (e *echo) Start(p program.Process) { e.process = p }

func (e *echo) Receive(from snapshot.ProcessID, payload []byte) { e.process.Send(from, payload) }

// flood is a program that keeps all its channels full. It starts by sending some messages
// to every process, then replies to each message with another.
type flood struct {
	quiet
	process program.Process
	payload []byte
	each    int // messages to each process at the start
}

func (f *flood) Start(p program.Process) {
	f.process = p
	for _, to := range p.Channels() {
		for range f.each {
			p.Send(to, f.payload)
		}
	}
}

func (f *flood) Receive(from snapshot.ProcessID, _ []byte) { f.process.Send(from, f.payload) }

// slow is a program that takes some time for each message. A program must not block, so
// it holds until the time is over.
type slow struct {
	quiet
	process program.Process
	each    time.Duration // time for one message
}

func (s *slow) Start(p program.Process) { s.process = p }

func (s *slow) Receive(snapshot.ProcessID, []byte) {
	s.process.Hold()
	s.process.After(s.each, s.process.Release)
}
