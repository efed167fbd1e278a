package core

import "slices"

// delivery decides what the program receives, and when.
type delivery struct {
	ready    []*incoming // channels with messages to receive, in the order of their turns
	held     bool        // between Process.Hold and Release
	spent    bool        // the last step used up its budget
	timers   timers      // set by the program
	overHigh int         // outboxes that count as above the high-water mark
}

// inARow is how many messages of one channel the program receives before the next
// channel has its turn.
const inARow = 32

// receiving reports whether the program may receive messages.
func (e *epoch) receiving() bool {
	return !e.delivery.held && !e.recorder.Capturing() && !e.core.stopping
}

// canInitiate reports whether timers may fire and requests of clients be received. Both
// are held back while an outbox is above its high-water mark. Messages are not, because
// processes that answer each other must not all wait.
func (e *epoch) canInitiate() bool {
	return !e.recorder.Capturing() && !e.core.stopping && e.delivery.overHigh == 0
}

// undelivered reports whether the program could receive something at once.
func (e *epoch) undelivered() bool {
	return e.receiving() && (len(e.delivery.ready) > 0 || len(e.clients.requests) > 0 && e.canInitiate())
}

// deliver fires the program's timers that are due, then hands the program the requests
// of clients, then messages from the channels in turn. The budget is the limit for all
// three together. Requests and messages get one turn even if nothing of the budget
// remains, so that timers that are always due do not starve them.
func (e *epoch) deliver() {
	d, left := &e.delivery, e.core.Budget
	for left > 0 && e.canInitiate() && d.timers.fireOne(e.core.now) {
		left--
	}
	d.spent = left == 0
	left = max(left, 1)
	for left > 0 && len(e.clients.requests) > 0 && e.receiving() && e.canInitiate() {
		r := e.clients.next()
		left--
		e.program.Receive(r.client, r.payload)
	}
	d.spent = d.spent || left == 0
	left = max(left, 1)
	for left > 0 && len(d.ready) > 0 && e.receiving() {
		in := d.ready[0]
		d.ready, in.ready = slices.Delete(d.ready, 0, 1), false
		most := min(left, inARow)
		left -= in.deliver(most)
		in.takeTurn()
	}
	d.spent = d.spent || left == 0
}

// deliver hands the program at most n messages of one channel, and returns how many.
func (in *incoming) deliver(n int) int {
	in.markDirty()
	for i := range n {
		if !in.epoch.receiving() {
			return i
		}
		payload, ok := in.receiver.Receive()
		if !ok {
			return i
		}
		in.epoch.program.Receive(in.peer.id, payload)
	}
	return n
}

// takeTurn queues the channel for delivery if its inbox holds anything.
func (in *incoming) takeTurn() {
	if !in.ready && in.receiver.Waiting() > 0 {
		in.ready = true
		in.epoch.delivery.ready = append(in.epoch.delivery.ready, in)
	}
}
