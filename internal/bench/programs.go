package bench

import (
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

// large is a program that does nothing and has a state.
type large struct {
	quiet
	state []byte
}

func (l *large) Capture(done func(program.State)) { done(program.State{Bytes: l.state}) }

// source is a program that sends to one process as fast as it may.
type source struct {
	quiet
	process program.Process
	to      snapshot.ProcessID
	payload []byte
	left    int
	started chan struct{}
}

func newSource(to snapshot.ProcessID, payload []byte) *source {
	return &source{to: to, payload: payload, started: make(chan struct{})}
}

// sourceBatch is about how many bytes it sends at a time.
const sourceBatch = 32 << 10

func (s *source) Start(p program.Process) {
	s.process = p
	close(s.started)
}

// send lets it send n more messages. Any goroutine may call it.
func (s *source) send(n int) {
	<-s.started
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

// flood is a program that keeps all its channels full: it sends some messages to
// everybody, then one for each that it receives.
type flood struct {
	quiet
	process program.Process
	payload []byte
	each    int // messages to everybody in the beginning
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

// slow is a program that takes its time for each message, as a program may that does
// not block: it holds.
type slow struct {
	quiet
	process program.Process
	each    time.Duration
}

func (s *slow) Start(p program.Process) { s.process = p }

func (s *slow) Receive(snapshot.ProcessID, []byte) {
	s.process.Hold()
	s.process.After(s.each, s.process.Release)
}
