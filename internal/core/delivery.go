package core

import (
	"slices"

	"chandy/snapshot"
)

// delivery decides what the program receives, and when.
type delivery struct {
	ready    []*incoming // channels with messages to receive, in the order of their turns
	held     bool        // between Process.Hold and Release
	spent    bool        // the last step used up its budget
	timers   timers      // set by the program
	overHigh int         // outboxes above the high-water mark, see accountOutbox
	// overTotal is set while all outboxes together are above their high-water mark.
	overTotal bool
}

// inARow is how many messages of one channel the program receives before the next
// channel has its turn.
const inARow = 32

// receiving reports whether the program may receive messages.
func (e *epoch) receiving() bool {
	return !e.isHeld() && !e.delivery.held && !e.recorder.Capturing() && !e.core.stopping
}

// acceptsNewWork reports whether timers may fire and, if the program may receive, requests
// of clients be received. Both wait while an outbox, or all of them together, are above
// the high-water mark. Messages do not, because processes that answer each other must not
// all wait. Process.Hold does not stop timers.
func (e *epoch) acceptsNewWork() bool {
	return !e.isHeld() && !e.recorder.Capturing() && !e.core.stopping && e.delivery.overHigh == 0 && !e.delivery.overTotal
}

// undelivered reports whether the program could receive something at once.
func (e *epoch) undelivered() bool {
	return e.receiving() && (len(e.delivery.ready) > 0 || e.receivesRequests())
}

// deliver fires the program's timers that are due, then hands the program the requests
// of clients, then messages from the channels in turn. The budget is the limit for all
// three together. Requests and messages get one call even if nothing of the budget
// remains, so that timers that are always due do not starve them.
func (e *epoch) deliver() {
	e.delivery.spent = false
	left := e.spend(e.core.Budget, e.fireTimer)
	left = e.spend(left, e.receiveRequest)
	e.spend(left, e.receiveMessages)
}

// spend calls next until it returns 0 or the budget is spent, and returns what is left of
// the budget. next makes at most the given number of calls of the program, and returns
// how many it made.
func (e *epoch) spend(left int, next func(most int) int) int {
	left = max(left, 1)
	for n := 1; n > 0 && left > 0; {
		n = next(left)
		left -= n
	}
	e.delivery.spent = e.delivery.spent || left == 0
	return left
}

// fireTimer fires the program's first timer, if it is due.
func (e *epoch) fireTimer(int) int {
	if e.acceptsNewWork() && e.delivery.timers.fireOne(e.core.now) {
		return 1
	}
	return 0
}

// receivesRequests reports whether the program may receive a request of a client, and there
// is one.
func (e *epoch) receivesRequests() bool {
	return len(e.clients.requests) > 0 && e.receiving() && e.acceptsNewWork() && !(e.thenFirst && e.restoring())
}

// receiveRequest hands the program the first request of a client. Requests that a restore
// brought come after the restored messages.
func (e *epoch) receiveRequest(int) int {
	if !e.receivesRequests() {
		return 0
	}
	e.thenFirst = false
	r := e.clients.next()
	e.receive(r.client, 0, false, r.payload)
	return 1
}

// receiveMessages hands the program messages of the next channel that has any.
func (e *epoch) receiveMessages(most int) int {
	d := &e.delivery
	for len(d.ready) > 0 && e.receiving() {
		in := d.ready[0]
		d.ready, in.queued = slices.Delete(d.ready, 0, 1), false
		if n := in.deliver(min(most, inARow)); n > 0 {
			in.queueTurn()
			return n
		}
	}
	return 0
}

// deliver hands the program at most n messages of one channel, and returns how many.
func (in *incoming) deliver(n int) int {
	in.markDirty()
	e := in.epoch
	for i := range n {
		if !e.receiving() {
			return i
		}
		payload, ok := in.receiver.Receive()
		if !ok {
			return i
		}
		seq := in.receiver.Received()
		if e.journal != nil {
			e.journal.Message(snapshot.EventReceived, e.core.now, in.peer.index, seq, payload)
		}
		if len(in.skipped) > 0 && slices.Contains(in.skipped, seq) {
			e.core.log.Warn().Stringer("channel", in).Uint64("message", seq).Msg("message skipped, as the restore asked for")
			continue
		}
		e.receive(in.peer.id, seq, seq <= in.restoredTo, payload)
	}
	return n
}

// queueTurn queues the channel for its next turn if its inbox holds anything.
func (in *incoming) queueTurn() {
	if !in.queued && in.receiver.Waiting() > 0 {
		in.queued = true
		in.epoch.delivery.ready = append(in.epoch.delivery.ready, in)
	}
}
