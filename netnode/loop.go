package netnode

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"chandy/internal/core"
	"chandy/wire"
)

// stepper makes the steps of the core. A step runs on the goroutine that brings the
// event: what comes from a connection is answered without a change of goroutines, which
// would cost more than most steps do. mu guards the core and the other fields.
type stepper struct {
	mu     sync.Mutex
	core   *core.Core
	steps  atomic.Uint64 // begun so far; read by pulse
	events []core.Event
	iovec  iovec         // what a connection writes at once; empty between two writes
	armed  time.Duration // when the timer fires
	exited bool
}

// never is later than any time.
const never = time.Duration(math.MaxInt64)

// moreSteps is how many further steps the goroutine that brings an event makes while
// there is more to do. It is busy anyway, so that saves waking the loop: with 8 of them a
// channel carries 1.4 times as many messages of 1 KiB as with none (chandy bench --only
// channel/1KiB, two cores). The reader of a connection does not read meanwhile.
const moreSteps = 8

// post steps with an event. When it returns, the core has taken the event and nothing
// refers to its memory. Any goroutine may call it, unless it holds a lock that the
// program may acquire.
func (n *Node) post(e core.Event) {
	more := n.lockedStep(e)
	for i := 0; more && i < moreSteps; i++ {
		more = n.lockedStep()
	}
	if more {
		n.wakeLoop()
	}
}

// call queues f for a later step and wakes the loop. It must not step itself: its caller
// may hold a lock that f acquires.
func (n *Node) call(f func()) {
	if n.calls.add(f) {
		n.wakeLoop()
	}
}

func (n *Node) wakeLoop() {
	select {
	case n.wake <- struct{}{}:
	default: // it is about to wake
	}
}

// loop makes the steps that no event brings: when a time has come, when the step before
// left something to do, and for calls. It returns when the core exits.
func (n *Node) loop() error {
	for {
		if n.lockedStep() {
			runtime.Gosched() // readers may have markers
			continue
		}
		select {
		case err := <-n.exit:
			return err
		case <-n.timer.C:
		case <-n.wake:
		}
	}
}

// lockedStep is step for a caller that does not hold mu.
func (n *Node) lockedStep(events ...core.Event) (more bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.step(events...)
}

// step makes one step of the core and carries out its effects. It reports whether there
// is more to do at once. The caller must hold mu.
func (n *Node) step(events ...core.Event) (more bool) {
	if n.exited {
		return false
	}
	n.steps.Add(1)
	n.events = append(n.calls.take(n.events[:0]), events...)
	began := time.Since(n.begun)
	if n.armed <= began {
		n.armed = never
	}
	effects := n.coreStep(began)
	clear(n.events)
	n.adaptBudget(time.Since(n.begun) - began)
	for _, e := range effects {
		if exit, ok := e.(core.Exit); ok {
			n.exited = true
			n.exit <- exit.Err
			return false
		}
		n.carryOut(e)
	}
	if n.core.More() {
		return true
	}
	if at, ok := n.core.Next(); ok && at < n.armed {
		// A spurious wake-up costs one step, which is cheaper than rearming the timer
		// each time.
		n.armed = at
		n.timer.Reset(max(0, at-time.Since(n.begun)))
	}
	return false
}

// coreStep makes one step of the core. If the program panics in it, the store gets a word
// about that before the node ends. The panic itself and its stack trace stay as they are.
func (n *Node) coreStep(now time.Duration) []core.Effect {
	returned := false
	defer func() {
		if !returned {
			n.panicked()
		}
	}()
	effects := n.core.Step(now, n.events)
	returned = true
	return effects
}

func (n *Node) panicked() {
	note := n.core.Panicked()
	if note == nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := note(); err != nil {
			n.log.Warn().Err(err).Msg("the store has no word of how the program ended")
		}
	}()
	select {
	case <-done:
	case <-time.After(core.EndingWait):
	}
}

// Steps must be short, so that a slow program does not delay markers and
// acknowledgements: the budget of messages follows the time that they take. With steps of
// 30 µs a channel with TLS carries a quarter less of messages of 16 B, because it writes and
// reads less at once, and snapshots of saturated meshes take as long (chandy bench --only
// '16B/tls|saturated').
const (
	stepTarget = 150 * time.Microsecond
	budgetMin  = 1
	budgetMax  = 4096
)

// adaptBudget sets the budget of the next step from the time that the last one took.
func (n *Node) adaptBudget(took time.Duration) {
	switch b := n.core.Budget; {
	case took > 2*stepTarget:
		n.core.Budget = max(budgetMin, b/2)
	case took < stepTarget && n.core.Spent():
		n.core.Budget = min(budgetMax, 2*b)
	}
}

// carryOut carries out one effect other than Exit.
func (n *Node) carryOut(e core.Effect) {
	switch e := e.(type) {
	case core.Dial:
		n.work.Go(func() { n.dial(e) })
	case core.Background:
		n.work.Go(func() {
			result := e.Work()
			n.post(core.Called{F: func() { e.Then(result) }})
		})
	case core.Stream:
		c := n.conns.get(e.Conn)
		n.work.Go(func() { n.stream(c, e) })
	case core.Write:
		if c := n.conns.get(e.Conn); c != nil {
			c.write(e)
		}
	case core.Probe:
		if c := n.conns.get(e.Conn); c != nil {
			c.permit(wire.HelloMax)
		}
	case core.Accept:
		if c := n.conns.get(e.Conn); c != nil {
			c.accept(e.Longest)
		}
	case core.Close:
		if c := n.conns.get(e.Conn); c != nil {
			c.close(e.Flush)
		}
	}
}

// calls holds functions that wait for the next step. It is safe for concurrent use.
type calls struct {
	mu     sync.Mutex
	fs     []func()
	closed bool
}

// add reports whether the node still runs. If the node ends before its next step, f is
// dropped.
func (c *calls) add(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.fs = append(c.fs, f)
	}
	return !c.closed
}

// take returns events with one Called for each function, and forgets the functions.
func (c *calls) take(events []core.Event) []core.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.fs {
		events = append(events, core.Called{F: f})
	}
	clear(c.fs)
	c.fs = c.fs[:0]
	return events
}

func (c *calls) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed, c.fs = true, nil
}
