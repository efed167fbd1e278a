package core

import (
	"fmt"
	"time"

	"chandy/internal/saved"
	"chandy/snapshot"
	"chandy/wire"
)

// pending is this process's part of one snapshot, until its last piece is sent.
type pending struct {
	snapshot.Start
	pieces   []snapshot.Piece
	waiting  int // bytes of pieces
	timer    *timer
	sections uint64          // number of the next section
	bytes    int             // of all sections so far
	timed    *snapshot.Timed // goes with the recorded piece in pieces; nil if there is none

	part   *saved.Part // what is to be written to the store; nil if nothing is, or it is being written
	kept   int         // bytes of part
	shared bool        // other snapshots have the same state
}

const (
	// PartMax is the limit of one part, in bytes as it is sent.
	PartMax = 1 << 30
	// pieceDelay is how long a piece may wait for others. It is long enough that a part is
	// usually one section, and short enough that a partial snapshot lacks few pieces.
	pieceDelay = 20 * time.Millisecond
	// inlineMax is the largest job that is done in the step, in bytes.
	inlineMax = 64 << 10
)

// report takes a piece of this process's part.
func (e *epoch) report(r snapshot.Report) {
	p := e.pending[r.Start.ID]
	if p == nil {
		p = e.addPending(r.Start)
	}
	if r.Start.Save {
		e.keep(p, r.Piece, r.Last)
	}
	if r.Last {
		e.addJournal(p, r.Piece)
	}
	if r.Start.Light {
		r.Piece = light(r.Piece)
	}
	p.add(e, r.Piece)
	if recorded, ok := r.Piece.(snapshot.Recorded); ok {
		p.timed = e.timed(r.Start, recorded)
	}
	switch {
	case r.Last:
		delete(e.pending, r.Start.ID)
		e.sendPending(p)
	case p.Assembler == e.core.self:
		e.sendPending(p)
	case p.timer == nil:
		e.sendLater(p)
	}
}

func (e *epoch) addPending(s snapshot.Start) *pending {
	p := &pending{Start: s}
	e.pending[s.ID] = p
	return p
}

func (p *pending) add(e *epoch, piece snapshot.Piece) {
	p.pieces = append(p.pieces, piece)
	p.waiting += weight(piece)
	e.grew(weight(piece))
}

// light returns a piece without the state or the messages in it.
func light(piece snapshot.Piece) snapshot.Piece {
	switch p := piece.(type) {
	case snapshot.Recorded:
		p.State = snapshot.State{Error: p.State.Error, About: p.State.About, Idle: p.State.Idle}
		return p
	case snapshot.Closed:
		p.Messages = nil
		return p
	}
	return piece
}

// addJournal adds the journal to the last pieces of a part, in front of the last one: with
// that the snapshot may end. A part that failed has none.
func (e *epoch) addJournal(p *pending, last snapshot.Piece) {
	w := e.closeWindow(p.ID)
	if _, failed := last.(snapshot.Failed); w != nil && !failed {
		p.add(e, w.piece(e.core))
	}
}

// nextSection returns the number of the next section.
func (p *pending) nextSection() uint64 {
	p.sections++
	return p.sections - 1
}

func (e *epoch) sendLater(p *pending) {
	p.timer = e.after(pieceDelay, func() { e.sendPending(p) })
}

// sendPending sends the assembler the pieces that have come together, as one section.
func (e *epoch) sendPending(p *pending) {
	c := e.core
	p.timer.cancel()
	p.timer = nil
	pieces, bytes, timed := p.pieces, p.waiting, p.timed
	p.pieces, p.waiting, p.timed = nil, 0, nil
	section := p.nextSection()
	if p.Assembler == c.self {
		e.work(bytes, func() any { return resolve(pieces) }, func(result any) {
			e.collect(p.ID, e.withTimes(p.Start, timed, result.([]snapshot.Piece)))
		})
		return
	}
	encode := func() any { return wire.Section(c.self, c.Incarnation, resolve(pieces)) }
	e.work(bytes, encode, func(result any) {
		bytes := result.([][]byte)
		for _, b := range bytes {
			p.bytes += len(b)
		}
		if p.bytes > PartMax {
			failed := snapshot.Failed{Process: c.self, Reason: snapshot.PartTooLarge,
				Detail: fmt.Sprintf("%d bytes, more than %d", p.bytes, PartMax)}
			bytes, timed = wire.Section(c.self, c.Incarnation, []snapshot.Piece{failed}), nil
		}
		frames := chunks(c.self, p.ID, section, bytes)
		if timed != nil { // goes first, because the snapshot may end with the section
			e.encoded(p.Start, timed)
			chunk := wire.Chunk{Snapshot: p.ID, Process: c.self, Section: p.nextSection(), Last: true}
			frames = append([]wire.Frame{timedChunk{chunk, *timed}}, frames...)
		}
		e.uplink(p.Assembler).ship(p.Start, frames)
	})
}

// work calls job and then hands its result to then. A job about many bytes runs off the
// loop; its result is dropped if the epoch ends meanwhile.
func (e *epoch) work(bytes int, job func() any, then func(any)) {
	e.core.work(bytes, job, func(result any) { e.guard(func() { then(result) })() })
}

// work calls job and then hands its result to then. A job about many bytes runs off the
// loop.
func (c *Core) work(bytes int, job func() any, then func(any)) {
	if bytes <= inlineMax {
		then(job())
		return
	}
	c.emit(Background{job, then})
}

// chunks cuts a section into frames.
func chunks(self snapshot.ProcessID, id snapshot.ID, section uint64, bytes [][]byte) []wire.Frame {
	var frames []wire.Frame
	var chunk [][]byte
	cut := func(last bool) {
		frames = append(frames, wire.Chunk{Snapshot: id, Process: self, Section: section, Last: last, Bytes: chunk})
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

// weight returns about how many bytes a piece holds. A state that has still to be encoded
// counts as large.
func weight(piece snapshot.Piece) (n int) {
	switch piece := piece.(type) {
	case snapshot.Recorded:
		if piece.State.Encode != nil {
			return inlineMax + 1
		}
		return piece.State.Len()
	case snapshot.Closed:
		for _, b := range piece.Messages {
			n += len(b.Body) + snapshot.BatchBytes
		}
	case snapshot.Journal:
		return snapshot.EventBytes * len(piece.Events)
	case snapshot.Stored:
		return len(piece.Summary)
	}
	return n
}

// resolve encodes the states in pieces, in place, and returns pieces.
func resolve(pieces []snapshot.Piece) []snapshot.Piece {
	for i, piece := range pieces {
		if r, ok := piece.(snapshot.Recorded); ok && r.State.Encode != nil {
			r.State = r.State.Resolve()
			pieces[i] = r
		}
	}
	return pieces
}
