package core

import (
	"encoding/json"
	"io"
	"slices"

	"chandy/internal/saved"
	"chandy/program"
	"chandy/snapshot"
)

// keep takes a piece of this process's part of a snapshot that is to be saved. With the last
// one the part is written to the store, off the loop. Nothing of the part changes meanwhile:
// the state is an immutable copy, and the memory of messages is given away.
func (e *epoch) keep(p *pending, piece snapshot.Piece, last bool) {
	switch piece := piece.(type) {
	case snapshot.Recorded:
		p.part = e.recordedPart(p, piece)
		p.shared = e.sharing || !p.Light // then the state is also encoded for a document
	case snapshot.Closed:
		p.keepEnd(piece)
	case snapshot.Failed:
		p.part = nil // nobody needs it any more
	}
	p.kept += weight(piece)
	e.grew(weight(piece))
	if last && p.part != nil {
		e.store(p)
	}
}

// recordedPart returns a part without the channel states. It must be called in the step of
// the recording, because it reads the counts of bytes and the open requests of clients.
func (e *epoch) recordedPart(p *pending, r snapshot.Recorded) *saved.Part {
	part := &saved.Part{Snapshot: p.ID, Process: r.Process, Incarnation: r.Incarnation, State: r.State, Clients: e.clients.received(), ClientCount: uint64(e.clients.count)}
	if e.core.NewProgram == nil {
		part.WhyNot = errOneInstance.Error()
	}
	if !e.started {
		if e.from != nil {
			part.Clients, part.Asked = e.from.Part.Clients, e.from.Part.Asked
		}
	} else if r, ok := e.program.(program.Restorer); ok && part.WhyNot == "" {
		part.WhyNot = r.NotRestorable(part.State)
	}
	if asker, ok := e.program.(program.Asker); ok && e.started {
		for _, r := range asker.Asked() {
			part.Asked = append(part.Asked, saved.AskedRequest(r))
		}
	}
	for i, count := range r.Sent {
		part.Out = append(part.Out, saved.Outgoing{To: count.Peer, Sent: count.N, Acked: count.N, SentBytes: e.out[i].sender.SentBytes()})
	}
	for i, count := range r.Received {
		part.In = append(part.In, saved.Incoming{From: count.Peer, Received: count.N, ReceivedBytes: e.in[i].receiver.ReceivedBytes()})
	}
	return part
}

// keepEnd adds one end of a channel to the part.
func (p *pending) keepEnd(c snapshot.Closed) {
	if c.Outgoing {
		i := slices.IndexFunc(p.part.Out, func(o saved.Outgoing) bool { return o.To == c.Channel.To })
		out := &p.part.Out[i]
		out.Peer, out.Messages = c.Peer, c.Messages
		if len(c.Messages) > 0 {
			out.Acked = c.Messages[0].First - 1
		}
		return
	}
	i := slices.IndexFunc(p.part.In, func(in saved.Incoming) bool { return in.From == c.Channel.From })
	in := &p.part.In[i]
	in.Peer, in.Sent, in.Messages = c.Peer, c.Sent, c.Messages
}

// store writes the part to the store and reports that to the assembler.
func (e *epoch) store(p *pending) {
	c, part, shared := e.core, p.part, p.shared
	p.part = nil
	e.storing[p.ID] = p
	offLoop(c, func() snapshot.Stored {
		if shared {
			part.State = part.State.Resolve()
		}
		return c.put(part)
	}, func(s snapshot.Stored) {
		e.guard(func() {
			delete(e.storing, p.ID)
			e.saveEvery()
			if s.Error != "" {
				c.log.Warn().Str("snapshot", string(p.ID)).Msg("the part of a snapshot is not saved: " + s.Error)
			}
			p.add(e, s)
			e.sendPending(p)
		})()
	})
}

// put writes a part. It runs off the loop.
func (c *Core) put(part *saved.Part) snapshot.Stored {
	s := snapshot.Stored{Process: c.self, Incarnation: c.Incarnation}
	fail := func(err error) snapshot.Stored {
		s.Error = cut(err.Error(), errorMax)
		return s
	}
	if c.Store == nil {
		return fail(errNoStore)
	}
	id, err := c.Store.ID()
	switch {
	case isAbsent(err): // the assembler has created its own before
		return s
	case err != nil:
		return fail(err)
	}
	s.Store = id
	summary, err := c.Store.PutPart(part.Snapshot, c.self, func(w io.Writer) (saved.Summary, error) { return part.Encode(w) })
	if err != nil {
		return fail(err)
	}
	if s.Summary, err = json.Marshal(summary); err != nil {
		panic("bug: " + err.Error())
	}
	return s
}
