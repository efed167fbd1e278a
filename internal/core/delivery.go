package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// delivery is what concerns the program: what it receives, and when.
type delivery struct {
	ready    []*incoming // with something to receive, in the order of their turns
	held     bool
	spent    bool   // the budget of the last step
	timers   timers // of the program
	requests []request
	clients  map[snapshot.ProcessID]*client
	count    int // of clients so far
	full     int // outboxes over their high water
}

// request is one of a client to the program, waiting for its turn.
type request struct {
	client  snapshot.ProcessID
	payload []byte
}

// client is somebody whose request the program has received or will.
type client struct {
	session *session
	number  uint64
}

// inARow is how many messages of one channel are received before the next
// channel has its turn.
const inARow = 32

// receiving tells whether the program may receive messages.
func (c *Core) receiving() bool { return !c.delivery.held && !c.recorder.Capturing() && !c.stopping }

// mayBegin tells whether the program may begin something: whether its timers fire and
// it receives requests of clients. What it does not send in answer to a message
// is held back while an outbox is over its high water.
func (c *Core) mayBegin() bool {
	return !c.recorder.Capturing() && !c.stopping && c.full == 0
}

// undelivered tells whether there is something that the program may receive at once.
func (c *Core) undelivered() bool {
	return c.receiving() && (len(c.delivery.ready) > 0 || len(c.delivery.requests) > 0 && c.mayBegin())
}

// weigh counts the bytes of the outbox, and the outbox itself while it is over high
// water. It counts until it is half empty: a program that was held back then has room
// for more than a message.
func (o *outgoing) weigh() {
	c, bytes, high := o.core, o.sender.Bytes(), int(o.core.Cluster.Network.OutboxHigh)
	c.outboxes += bytes - o.weight
	o.weight = bytes
	switch {
	case !o.full && bytes > high:
		o.full = true
		c.delivery.full++
	case o.full && bytes <= high/2:
		o.full = false
		c.delivery.full--
	}
}

// deliver lets the program receive, from the links in turn, what is in their
// inboxes, as far as the budget goes.
func (c *Core) deliver() {
	d := &c.delivery
	left := c.Budget
	for left > 0 && c.mayBegin() && d.timers.fireOne(c.now) {
		left--
	}
	d.spent = left == 0
	left = max(left, 1) // timers that are always due do not keep everything else waiting
	for left > 0 && len(d.requests) > 0 && c.receiving() && c.mayBegin() {
		r := d.requests[0]
		d.requests = d.requests[1:]
		left--
		c.Program.Receive(r.client, r.payload)
	}
	d.spent = d.spent || left == 0
	left = max(left, 1)
	for left > 0 && len(d.ready) > 0 && c.receiving() {
		in := d.ready[0]
		d.ready, in.ready = slices.Delete(d.ready, 0, 1), false
		most := min(left, inARow)
		n := in.deliver(most)
		left -= n
		if n == most || !c.receiving() { // otherwise it is empty, or waits for a marker
			in.queue()
		}
	}
	d.spent = d.spent || left == 0
}

// deliver lets the program receive at most n messages of one channel.
func (in *incoming) deliver(n int) int {
	in.touch()
	for i := range n {
		if !in.core.receiving() {
			return i
		}
		payload, ok := in.receiver.Receive()
		if !ok {
			return i
		}
		in.core.Program.Receive(in.peer.id, payload)
	}
	return n
}

// Core is the Process of its program.
var _ program.Process = (*Core)(nil)

// ID is for the program.
func (c *Core) ID() snapshot.ProcessID { return c.self }

// Channels is for the program.
func (c *Core) Channels() []snapshot.ProcessID {
	return slices.Clone(c.topology.Out(c.self))
}

// Send is for the program.
func (c *Core) Send(to snapshot.ProcessID, payload []byte) error {
	if len(payload) > wire.MessageMax {
		return fmt.Errorf("message to %s: %d bytes, more than %d", to, len(payload), wire.MessageMax)
	}
	if out := c.outgoing(to); out != nil {
		out.sender.Send(payload)
		out.touch()
		out.weigh()
		c.checkOutbox(out)
		return nil
	}
	if to.IsClient() {
		return c.reply(to, payload)
	}
	if c.topology.Has(to) {
		return fmt.Errorf("message to %s: no channel from %s to %s", to, c.self, to)
	}
	return fmt.Errorf("message to %s: no such process", to)
}

// checkOutbox ends the node if an outbox, or all of them together, is beyond its
// limit: to drop a message is no way out.
func (c *Core) checkOutbox(out *outgoing) {
	limits := c.Cluster.Network
	if out.sender.Bytes() > int(limits.OutboxLimit) {
		c.exit(fmt.Errorf("the outbox of channel %s holds more than %d KiB (outbox_limit): is %s down or too slow?",
			out, limits.OutboxLimit>>10, out.peer.id))
	}
	if c.outboxes > int(limits.OutboxTotal) {
		largest := slices.MaxFunc(c.out, func(a, b *outgoing) int { return a.sender.Bytes() - b.sender.Bytes() })
		c.exit(fmt.Errorf("the outboxes hold more than %d KiB (outbox_total), most of it channel %s: is %s down or too slow?",
			limits.OutboxTotal>>10, largest, largest.peer.id))
	}
}

// After is for the program.
func (c *Core) After(d time.Duration, f func()) { c.delivery.timers.add(c.now+d, f) }

// Do is for the program.
func (c *Core) Do(f func()) { c.Options.Do(f) }

// Now is for the program.
func (c *Core) Now() time.Duration { return c.now }

// Hold is for the program.
func (c *Core) Hold() { c.delivery.held = true }

// Release is for the program.
func (c *Core) Release() { c.delivery.held = false }

// Stop is for the program.
func (c *Core) Stop(err error) { c.exit(err) }

// Log is for the program.
func (c *Core) Log() *zerolog.Logger { return &c.log }

// Rand is for the program.
func (c *Core) Rand() *rand.Rand { return c.Options.Rand }

// callsMax is how many requests of clients may wait for replies of the program.
const callsMax = 1024

// call gives a request of a client to the program, under an id of its own.
func (s *session) call(number uint64, payload []byte) {
	d := &s.core.delivery
	switch {
	case len(payload) == 0:
		s.fail(number, wire.CodeBadRequest, `a call needs a "request"`)
		return
	case len(d.clients) >= callsMax:
		s.fail(number, wire.CodeLimit, fmt.Sprintf("%d requests wait for replies of the program", callsMax))
		return
	}
	id := program.ClientID(s.core.topology.Processes, s.core.self, d.count)
	d.count++
	d.clients[id] = &client{s, number}
	d.requests = append(d.requests, request{id, payload})
}

// reply sends what the program answered. A client that has left gets nothing.
func (c *Core) reply(to snapshot.ProcessID, payload []byte) error {
	one := c.delivery.clients[to]
	if one == nil {
		return fmt.Errorf("message to %s: no such client, or it has its reply", to)
	}
	delete(c.delivery.clients, to)
	one.session.result(one.number, slices.Clone(payload), nil)
	return nil
}
