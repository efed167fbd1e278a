package core

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// hostile is the host of p1 among p1, p2 and p3. Its connections lead to peers and
// clients that do what an input says. It fails the test if the core breaks a rule of its
// host, or if a count of the core differs from what is there.
type hostile struct {
	*Core
	t       testing.TB
	input   input
	program *moody

	dials   []ConnID        // not answered yet
	open    map[ConnID]bool // connections that are open or dialled, as the core has them
	readers map[ConnID]bool // connections of which the core takes frames
	last    ConnID          // from outside
	events  []Event         // for the next step
	work    []Background    // not done yet
	ids     int             // of snapshots that a peer has invented
	steps   int
	exited  bool
}

// moody is a program that does what the input says.
type moody struct {
	stub
	state   program.State
	clients []snapshot.ProcessID // that have no reply yet
}

func (p *moody) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		p.clients = append(p.clients, from)
	} else if !p.silent && from != p.process.ID() {
		p.process.Send(from, payload)
	}
}

func (p *moody) Capture(done func(program.State)) {
	if p.done = done; !p.silent {
		p.answer()
	}
}

// answer answers the last Capture.
func (p *moody) answer() {
	if done := p.done; done != nil {
		p.done = nil
		done(p.state)
	}
}

// newHostile returns the host of a core that has made no step.
func newHostile(t testing.TB, in []byte) *hostile {
	h := &hostile{t: t, input: input{in}, open: map[ConnID]bool{}, readers: map[ConnID]bool{}}
	h.Core = New(Options{
		Cluster: hostileClusters[h.input.pick(len(hostileClusters))], ID: "p1", Incarnation: "i1", Log: zerolog.Nop(),
		Rand: rand.New(rand.NewPCG(1, 1)), Wall: func() time.Time { return time.Unix(1e9, 0) }, Do: func(f func()) { h.event(Called{f}) },
	})
	return h
}

// event adds an event to the next step.
func (h *hostile) event(e Event) { h.events = append(h.events, e) }

// step makes one step, a time later, and carries out its effects.
func (h *hostile) step(later time.Duration) {
	if h.exited {
		return
	}
	h.steps++
	events := h.events
	h.events = nil
	for _, e := range h.Step(h.now+later, events) {
		h.obey(e)
	}
	for _, e := range events {
		switch e := e.(type) {
		case Closed:
			delete(h.open, e.Conn)
		case Dialled:
			if e.Err != nil {
				delete(h.open, e.Conn)
			}
		}
	}
	h.More()
	h.Next()
	h.check()
}

func (h *hostile) obey(e Effect) {
	switch e := e.(type) {
	case Dial:
		h.dials = append(h.dials, e.Conn)
		h.open[e.Conn] = true
	case Probe:
		h.readers[e.Conn] = true
	case Accept:
		h.readers[e.Conn] = true
	case Write:
		if !h.open[e.Conn] {
			h.t.Errorf("write on connection %d: got %v, want none on a connection that has ended", e.Conn, e.Frames)
		}
		for _, f := range e.Frames {
			whole := wire.Append(nil, f) // panics if the frame breaks a rule of the protocol
			if _, err := wire.Decode(f.Type(), whole[wire.HeaderSize:]); err != nil {
				h.t.Errorf("write on connection %d: got %v, want frames that can be decoded", e.Conn, err)
			}
		}
	case Close:
		delete(h.open, e.Conn)
		delete(h.readers, e.Conn)
	case Background:
		h.work = append(h.work, e)
	case Stream:
		h.work = append(h.work, Background{Work: func() any { return h.stream(e) }, Then: func(err any) { e.Then(err.(streamed).err) }})
	case Exit:
		h.exited = true
	}
}

// streamed is the outcome of a Stream.
type streamed struct{ err error }

// stream writes a result to its client, which may have gone.
func (h *hostile) stream(e Stream) streamed {
	return streamed{e.Replies(func(r wire.Reply) error {
		if !h.open[e.Conn] {
			return errors.New("the client has gone")
		}
		wire.Append(nil, r) // panics if the frame breaks a rule of the protocol
		return nil
	})}
}

// lose ends a connection from the other side.
func (h *hostile) lose(id ConnID, err error) {
	if slices.Contains(h.dials, id) {
		return // it ends by the answer to its dial
	}
	delete(h.readers, id)
	h.event(Closed{id, err})
}

// answer answers the first dial, or none if there is none.
func (h *hostile) answerDial(err error) {
	if len(h.dials) == 0 {
		return
	}
	id := h.dials[0]
	h.dials = h.dials[1:]
	if err == nil && h.open[id] {
		h.readers[id] = true
	}
	h.event(Dialled{id, err})
}

// doWork does the first job of the background.
func (h *hostile) doWork() {
	if len(h.work) > 0 {
		one := h.work[0]
		h.work = h.work[1:]
		result := one.Work()
		h.event(Called{func() { one.Then(result) }})
	}
}

// settle lets all peers and clients go, and more time pass than any snapshot may take.
// Then the core holds nothing more on their behalf.
func (h *hostile) settle() {
	h.program.silent = false
	h.program.answer()
	for _, id := range slices.Sorted(maps.Keys(h.open)) {
		h.lose(id, nil)
	}
	for range 3 {
		for len(h.dials) > 0 {
			h.answerDial(errors.New("refused"))
		}
		for len(h.work) > 0 {
			h.doWork()
		}
		h.step(timeoutMax + time.Second)
	}
	if h.exited {
		return
	}
	held := h.Holdings()
	for _, kept := range []string{"conns", "timers", "warned", "ended ids", "outboxes", "inboxes", "program timers"} {
		delete(held, kept)
	}
	if len(held) > 0 {
		h.t.Errorf("a day after all peers and clients had gone: got %v, want nothing held", held)
	}
	if len(h.conns) > len(h.epoch.out)+len(h.epoch.uplinks) {
		h.t.Errorf("a day after all peers and clients had gone: got %d connections, want at most one dial for each peer and purpose", len(h.conns))
	}
}
