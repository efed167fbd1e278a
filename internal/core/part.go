package core

import (
	"fmt"
	"sync"
	"time"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// reporting is this process's parts of the snapshots in progress, on their way to
// the assemblers.
type reporting struct {
	parts  map[snapshot.ID]*part
	expiry *timer
}

// part is what the recorder has reported of one snapshot and is not sent yet.
type part struct {
	snapshot.Start
	pieces  []snapshot.Piece
	timer   *timer
	section uint64 // of the next one
	bytes   int    // of all sections so far
}

const (
	// PartMax is the limit of one part, in bytes as it is sent.
	PartMax = 1 << 30
	// pieceDelay is how long a piece may wait for others, so that a part usually is
	// one section and a snapshot that ends as partial has lost little.
	pieceDelay = 20 * time.Millisecond
	// inlineMax is up to how many bytes are encoded on the loop.
	inlineMax = 64 << 10
)

// obey does what the recorder asks for, in order.
func (c *Core) obey(effects []snapshot.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case snapshot.Capture:
			c.capture()
		case *snapshot.SendMarker:
			out := c.out[e.Out]
			out.sender.Mark(e.Marker)
			out.touch()
		case *snapshot.Report:
			c.report(e)
		}
	}
}

// capture asks the program for its state.
func (c *Core) capture() {
	done := false
	c.Program.Capture(func(s program.State) {
		if done {
			panic("bug: the program called done twice")
		}
		done = true
		if s.Encode != nil {
			s.Encode = sync.OnceValues(s.Encode) // one recording, several snapshots
		}
		c.obey(c.recorder.StateRecorded(s))
	})
}

// watch sees to it that the snapshots in progress end here when their time is
// over. It is called when one began.
func (c *Core) watch() {
	at, ok := c.recorder.NextDeadline()
	if !ok || c.expiry != nil && c.expiry.index >= 0 && c.expiry.at <= at {
		return
	}
	c.expiry.cancel()
	c.expiry = c.timers.add(at, c.expire)
}

func (c *Core) expire() {
	defer c.watch()
	for _, s := range c.recorder.Expire(c.now) {
		c.log.Info().Str("snapshot", string(s.ID)).Msg("snapshot abandoned: its time is over")
		c.forget(s.ID, s.Assembler)
	}
}

// forget frees what this process still holds of its part.
func (c *Core) forget(id snapshot.ID, assembler snapshot.ProcessID) {
	if p := c.parts[id]; p != nil {
		p.timer.cancel()
		delete(c.parts, id)
	}
	if link := c.links[assembler]; link != nil {
		link.forget(id)
	}
}

// report takes a piece of the part.
func (c *Core) report(r *snapshot.Report) {
	p := c.parts[r.Start.ID]
	if p == nil {
		p = &part{Start: r.Start, pieces: make([]snapshot.Piece, 0, 1+len(c.out)+len(c.in))}
		c.parts[r.Start.ID] = p
	}
	p.pieces = append(p.pieces, r.Piece)
	switch {
	case r.Last:
		delete(c.parts, r.Start.ID)
		c.sendPieces(p)
	case p.Assembler == c.self:
		c.sendPieces(p)
	case p.timer == nil:
		p.timer = c.after(pieceDelay, func() { c.sendPieces(p) })
	}
}

// sendPieces hands what has come together to the assembler, as one section.
func (c *Core) sendPieces(p *part) {
	p.timer.cancel()
	p.timer = nil
	pieces, section := p.pieces, p.section
	p.pieces = nil
	p.section++
	if p.Assembler == c.self {
		c.work(size(pieces), func() any { return resolve(pieces) }, func(result any) {
			c.collect(p.ID, result.([]snapshot.Piece))
		})
		return
	}
	c.work(size(pieces), func() any { return wire.Section(c.self, c.Incarnation, resolve(pieces)) }, func(result any) {
		bytes := result.([][]byte)
		for _, b := range bytes {
			p.bytes += len(b)
		}
		if p.bytes > PartMax {
			failed := snapshot.Failed{Process: c.self, Reason: snapshot.PartTooLarge,
				Detail: fmt.Sprintf("%d bytes, more than %d", p.bytes, PartMax)}
			bytes = wire.Section(c.self, c.Incarnation, []snapshot.Piece{failed})
		}
		c.link(p.Assembler).ship(p.Start, c.chunks(p.ID, section, bytes))
	})
}

// work does a job here, or off the loop if it is about many bytes.
func (c *Core) work(bytes int, job func() any, then func(any)) {
	if bytes <= inlineMax {
		then(job())
		return
	}
	c.do(Background{job, then})
}

// chunks cuts a section into frames.
func (c *Core) chunks(id snapshot.ID, section uint64, bytes [][]byte) []wire.Frame {
	var frames []wire.Frame
	var chunk [][]byte
	cut := func(last bool) {
		frames = append(frames, wire.Chunk{Snapshot: id, Process: c.self, Section: section, Last: last, Bytes: chunk})
		chunk = nil
	}
	room := wire.ChunkMax
	for _, b := range bytes {
		for len(b) > room {
			chunk = append(chunk, b[:room])
			b = b[room:]
			cut(false)
			room = wire.ChunkMax
		}
		chunk = append(chunk, b)
		room -= len(b)
	}
	cut(true)
	return frames
}

// size is about how many bytes the pieces have; a state that is still to be
// encoded counts as large.
func size(pieces []snapshot.Piece) int {
	n := 0
	for _, piece := range pieces {
		switch piece := piece.(type) {
		case snapshot.Recorded:
			n += len(piece.State.Bytes)
			if piece.State.Encode != nil {
				return inlineMax + 1
			}
		case *snapshot.Closed:
			for _, b := range piece.Messages {
				n += len(b.Body)
			}
		}
	}
	return n
}

// resolve encodes the states in pieces, where they stand, and gives the pieces.
func resolve(pieces []snapshot.Piece) []snapshot.Piece {
	for i, piece := range pieces {
		if r, ok := piece.(snapshot.Recorded); ok && r.State.Encode != nil {
			r.State = r.State.Resolve()
			pieces[i] = r
		}
	}
	return pieces
}
