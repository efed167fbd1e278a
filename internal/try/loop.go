package try

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"chandy/program"
	"chandy/snapshot"
)

// loop runs programs in memory as nodes do, all on one goroutine. Its channels lose
// nothing and take no time. It has no sockets, markers or windows.
type loop struct {
	begun time.Time
	// outside is called on the loop for a message to neither a member nor a client.
	outside  func(to snapshot.ProcessID, payload []byte)
	wake     chan struct{}
	finished chan struct{} // closed when the goroutine has ended

	mu     sync.Mutex // guards queue and closed
	queue  []func()
	closed bool

	// Owned by the loop:
	members map[snapshot.ProcessID]*member
	ids     []snapshot.ProcessID // of processes, sorted
	awaited []*condition
	steps   int // messages received and sent by all programs
}

// condition is a condition that a goroutine waits for.
type condition struct {
	is  func() bool   // called on the loop
	met chan struct{} // closed when is has returned true
}

func newLoop(ids []snapshot.ProcessID) *loop {
	return &loop{
		begun: time.Now(), outside: func(snapshot.ProcessID, []byte) {}, wake: make(chan struct{}, 1),
		finished: make(chan struct{}), members: map[snapshot.ProcessID]*member{}, ids: ids,
	}
}

// run starts the loop and its programs.
func (l *loop) run() {
	l.do(func() {
		for _, id := range l.ids {
			if m := l.members[id]; m != nil {
				m.program.Start(m)
			}
		}
	})
	go l.turn()
}

// turn is the goroutine of the loop. It runs queued functions and delivers messages.
func (l *loop) turn() {
	defer close(l.finished)
	for range l.wake {
		l.mu.Lock()
		queue, closed := l.queue, l.closed
		l.queue = nil
		l.mu.Unlock()
		if closed {
			return
		}
		for _, f := range queue {
			f()
			for _, id := range l.ids {
				if m := l.members[id]; m != nil {
					m.deliver()
				}
			}
			l.check()
		}
	}
}

// check wakes the waiters whose condition is met.
func (l *loop) check() {
	waiting := l.awaited[:0]
	for _, c := range l.awaited {
		if c.is() {
			close(c.met)
		} else {
			waiting = append(waiting, c)
		}
	}
	l.awaited = waiting
}

// do queues f, which is then called on the loop. It does not wait. After close it has no
// effect. It is safe for concurrent use.
func (l *loop) do(f func()) {
	l.mu.Lock()
	l.queue = append(l.queue, f)
	l.mu.Unlock()
	l.ring()
}

func (l *loop) ring() {
	select {
	case l.wake <- struct{}{}:
	default: // the loop is already woken
	}
}

// close ends the loop and then closes the programs.
func (l *loop) close() {
	l.mu.Lock()
	already := l.closed
	l.closed = true
	l.mu.Unlock()
	l.ring()
	<-l.finished
	if already {
		return
	}
	for _, m := range l.members {
		if c, ok := m.program.(io.Closer); ok {
			c.Close()
		}
	}
}

// give sends a message to a program. It reports whether the loop has this program. It is
// safe for concurrent use.
func (l *loop) give(from, to snapshot.ProcessID, payload []byte) bool {
	m := l.members[to]
	if m != nil {
		l.do(func() { m.inbox = append(m.inbox, message{from, payload}) })
	}
	return m != nil
}

// member is one program of a loop. It implements program.Process for the program.
type member struct {
	loop    *loop
	id      snapshot.ProcessID
	program program.Program
	log     zerolog.Logger

	inbox     []message
	held      bool
	capturing bool
	late      []func() // timers that wait for the end of a capture
	received  int      // requests received from clients
	replied   func(client snapshot.ProcessID, body []byte)
	// cut, if non-nil, is called once: after cutAt requests were received and before the
	// next one is.
	cut     func()
	cutAt   int
	stopped bool
	err     error // argument of Stop
}

type message struct {
	from    snapshot.ProcessID
	payload []byte
}

var _ program.Process = (*member)(nil)

func (l *loop) add(id snapshot.ProcessID, p program.Program, log zerolog.Logger) *member {
	m := &member{loop: l, id: id, program: p, log: log, replied: func(snapshot.ProcessID, []byte) {}}
	l.members[id] = m
	return m
}

// deliver hands messages to the program until its inbox is empty, or until the program
// holds, captures or has stopped.
func (m *member) deliver() {
	for !m.held && !m.capturing && !m.stopped {
		if m.cut != nil && m.received == m.cutAt {
			cut := m.cut
			m.cut = nil
			cut()
			continue
		}
		if len(m.inbox) == 0 {
			return
		}
		one := m.inbox[0]
		m.inbox = m.inbox[1:]
		if one.from.IsClient() {
			m.received++
		}
		m.loop.steps++
		m.program.Receive(one.from, one.payload)
	}
}

// capture asks the program for its state. Until the program calls back, it receives
// nothing, and its timers wait.
func (m *member) capture(done func(program.State)) {
	m.capturing = true
	m.program.Capture(func(s program.State) {
		m.capturing = false
		done(s)
		late := m.late
		m.late = nil
		for _, f := range late {
			f()
		}
	})
}

func (m *member) ID() snapshot.ProcessID         { return m.id }
func (m *member) Channels() []snapshot.ProcessID { return m.loop.ids }
func (m *member) Do(f func())                    { m.loop.do(f) }
func (m *member) Now() time.Duration             { return time.Since(m.loop.begun) }
func (m *member) Hold()                          { m.held = true }
func (m *member) Release()                       { m.held = false }
func (m *member) Log() *zerolog.Logger           { return &m.log }
func (m *member) Rand() *rand.Rand               { return rand.New(rand.NewPCG(rand.Uint64(), 0)) }

func (m *member) Stop(err error) {
	if !m.stopped {
		m.stopped, m.err = true, err
	}
}

func (m *member) Send(to snapshot.ProcessID, payload []byte) error {
	payload = append([]byte(nil), payload...)
	m.loop.steps++
	switch other := m.loop.members[to]; {
	case other != nil:
		other.inbox = append(other.inbox, message{m.id, payload})
	case to.IsClient():
		m.replied(to, payload)
	default:
		m.loop.outside(to, payload)
	}
	return nil
}

func (m *member) After(d time.Duration, f func()) {
	time.AfterFunc(d, func() {
		m.loop.do(func() {
			switch {
			case m.stopped:
			case m.capturing:
				m.late = append(m.late, f)
			default:
				f()
			}
		})
	})
}

var errStalled = errors.New("no progress within the time-out")
