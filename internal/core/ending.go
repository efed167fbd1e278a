package core

import (
	"time"

	"chandy/internal/saved"
	"chandy/program"
	"chandy/snapshot"
)

// A process that ends again and again after a restore of one base is in a loop. The next
// incarnation cannot know what the one before did. So a node whose program ends says it in
// its last moment: see [saved.Ending].

// handedMax is how many of the last messages and requests a node knows by name.
const handedMax = 64

// handed has the messages and requests that the program has received last. It is empty
// without recovery.
type handed struct {
	on     bool                     // there is recovery
	ring   [handedMax]saved.Handled // the one of call n is at n % handedMax
	calls  uint64                   // calls of Receive since the program was started
	within bool                     // such a call has not returned
}

// receive hands the program a message, or the request of a client, whose number is 0.
func (e *epoch) receive(from snapshot.ProcessID, seq uint64, inBase bool, payload []byte) {
	h := &e.handed
	if !h.on {
		e.program.Receive(from, payload)
		return
	}
	h.calls++
	h.ring[h.calls%handedMax] = saved.Handled{From: from, Seq: seq, InBase: inBase}
	h.within = true
	e.program.Receive(from, payload)
	h.within = false
}

// handling returns what the program may be handling now.
func (e *epoch) handling() (all []saved.Handled) {
	h := &e.handed
	if h.within {
		return []saved.Handled{h.ring[h.calls%handedMax]}
	}
	p, ok := e.program.(program.Unfinisher)
	if !ok {
		return nil
	}
	for _, n := range p.Unfinished() {
		if n+handedMax > h.calls && n <= h.calls {
			all = append(all, h.ring[n%handedMax])
		}
	}
	return all
}

// ending returns how the program ends now, or nil if nobody will ask: a recovery asks only if
// the program ends soon after it began in this epoch.
func (c *Core) ending(why string) *saved.Ending {
	e := c.epoch
	if c.stopping || e == nil || !e.handed.on || !e.started || c.now-e.startedAt >= crashWithin {
		return nil
	}
	return &saved.Ending{
		Epoch: e.number, By: saved.Node{Process: c.self, Incarnation: c.Incarnation},
		AfterMS: (c.now - e.startedAt).Milliseconds(), Why: cut(why, errorMax), Handling: e.handling(),
	}
}

// EndingWait is how long a node that ends waits until the store has its last word.
const EndingWait = time.Second

// programEnds ends the node because its program has ended. It notes how in the store first.
func (c *Core) programEnds(err error) {
	var ending *saved.Ending
	if err != nil {
		ending = c.ending(err.Error())
	}
	if ending == nil {
		c.exit(err)
		return
	}
	c.log.Warn().Msg("the program ended: " + ending.String())
	c.stopping, c.ended = true, true
	c.agree.stop()
	exit := func() { c.exit(err) }
	c.after(EndingWait, exit)
	offLoop(c, func() error { return c.Store.End(*ending) }, func(failed error) {
		if failed != nil {
			c.log.Warn().Err(failed).Msg("the store has no word of how the program ended")
		}
		exit()
	})
}

// Panicked returns a function that notes in the store how the program ended, or nil. The host
// calls it when a step panics, and then no other method. The function may block.
func (c *Core) Panicked() func() error {
	ending := c.ending("it panicked")
	if ending == nil {
		return nil
	}
	return func() error { return c.Store.End(*ending) }
}
