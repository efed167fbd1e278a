package core

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/saved"
	"chandy/program"
	"chandy/snapshot"
)

// Base is what one process has of the saved snapshot from which an epoch begins.
type Base struct {
	Part *saved.Part
	// StartedAt is when the snapshot was started, by the wall clock of its assembler.
	StartedAt time.Time
	// Epoch is the epoch in which the snapshot was saved.
	Epoch uint64
	// Stopped is the process that saved the snapshot when it stopped; empty if it was saved
	// otherwise.
	Stopped snapshot.ProcessID
	// Skipped has the messages that the program must not receive: they count as received.
	Skipped []saved.Skipped
	// Then has requests that the program receives after the restored messages and before
	// the request of any client.
	Then []json.RawMessage
}

// refill gives the channels of a fresh epoch what the base has of them.
func (e *epoch) refill(b *Base) {
	for _, o := range b.Part.Out {
		if out := e.outgoing(o.To); out != nil {
			out.sender.Refill(o.Acked, o.Messages, o.SentBytes)
			out.accountOutbox()
		}
	}
	for _, i := range b.Part.In {
		if in := e.incoming(i.From); in != nil {
			in.receiver.Refill(i.Received, i.Messages, i.ReceivedBytes)
			in.restoredTo = i.Sent
			in.queueTurn()
		}
	}
	if len(b.Then) > 0 {
		e.thenFirst = true
		e.clients.then(e.core, b.Then)
	}
	for _, s := range b.Skipped {
		if in := e.incoming(s.From); in != nil && s.To == e.core.self {
			in.skipped = append(in.skipped, s.Seq)
		}
	}
	e.core.log.Info().Uint64("epoch", e.number).Str("snapshot", string(e.base)).Uint64("refilled", b.inFlight(e.core.self)).Msg("restored")
}

// inFlight returns how many restored messages a process is to receive.
func (b *Base) inFlight(self snapshot.ProcessID) (n uint64) {
	if b == nil {
		return 0
	}
	for _, in := range b.Part.In {
		n += in.Sent - in.Received
	}
	for _, s := range b.Skipped {
		if s.To == self {
			n--
		}
	}
	return n
}

// restoring reports whether the program has still to receive messages that were restored.
func (e *epoch) restoring() bool {
	return slices.ContainsFunc(e.in, func(in *incoming) bool { return in.receiver.Received() < in.restoredTo })
}

// run ends the hold with which the epoch began, or that a recovery asked for. A program that
// has not started starts now: before, it could have sent something that is not in the base.
func (e *epoch) run() {
	if e.program == nil {
		return // it waits for the next epoch
	}
	e.held = false
	if !e.started {
		e.started, e.startedAt = true, e.core.now
		e.from = nil // the state would stay in memory
		e.program.Start(e.process)
	}
}

// hold lets the program receive nothing, and none of its timers fire, until the epoch ends.
func (e *epoch) hold() { e.held = true }

// isHeld reports whether the program receives nothing, and none of its timers fire.
func (e *epoch) isHeld() bool { return e.held || e.heldBy != nil }

// retire closes a program that is of no use any more, off the loop.
func (c *Core) retire(p program.Program) {
	closer, ok := p.(io.Closer)
	if !ok {
		return
	}
	offLoop(c, closer.Close, func(err error) {
		if err != nil {
			c.log.Warn().Err(err).Msg("the program of the epoch before did not end well")
		}
	})
}

// Programs returns the programs that have not been closed. The host closes them when the
// core has exited.
func (c *Core) Programs() (all []program.Program) {
	if c.epoch != nil && c.epoch.program != nil {
		all = append(all, c.epoch.program)
	}
	if g := c.agree; g != nil && g.first != nil {
		all = append(all, g.first)
	}
	if g := c.agree; g != nil && g.loading != nil && g.loading.program != nil {
		all = append(all, g.loading.program)
	}
	return all
}

// heldState returns the state of a program that has not started: the one that it was given.
func (e *epoch) heldState() program.State {
	if e.from == nil {
		return program.State{Error: "the process waits for the epoch to begin, and has no state yet"}
	}
	return e.from.Part.State
}

// logBegin logs that an epoch begins, and whether it is held.
func (e *epoch) logBegin(log *zerolog.Logger) {
	log.Info().Uint64("epoch", e.number).Str("base", string(e.base)).Bool("held", e.held).Msg("epoch begins")
}

// inherit takes the clients of the epoch that ends. A request that the old program had not
// received waits for the new one. One that is in the state of the base stays open. What the
// old program received after the base never happened: error 14 says that it is safe to send
// it again, because a restore undoes everything that followed the request.
//
// The ids of clients belong to one incarnation. If the base is of another one, its state may
// hold ids that were given to other clients since, and would answer those. So the clients
// that wait get ids that the base cannot know.
func (k *clients) inherit(c *Core, old *clients, base *Base) {
	k.count = old.count
	stays := map[snapshot.ProcessID]bool{}
	switch {
	case base == nil:
	case base.Part.Incarnation == c.Incarnation:
		for _, r := range base.Part.Clients {
			stays[r.Client] = true
		}
	default:
		k.count = max(k.count, int(base.Part.ClientCount))
		for i := range old.requests {
			r := &old.requests[i]
			one := old.byID[r.client]
			delete(old.byID, r.client)
			r.client = k.newID(c)
			old.byID[r.client] = one
		}
	}
	k.requests, k.bytes = old.requests, old.bytes
	for _, r := range k.requests {
		stays[r.client] = true
	}
	for _, id := range sortedClients(old.byID) {
		one := old.byID[id]
		if stays[id] {
			k.byID[id] = one
		} else if one.session != nil {
			one.session.reply(one.number, abortedReply, nil)
		}
	}
}

// abortedReply is the reply to a request that a restore has undone, with the code of
// Maelstrom for a request that definitely had no effect.
var abortedReply = []byte(`{"type":"error","code":14,"text":"the cluster went back to a snapshot from before this request: it did not happen, and can be sent again"}`)
