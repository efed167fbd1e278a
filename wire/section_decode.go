package wire

import (
	"bytes"
	"fmt"
	"math"

	"chandy/snapshot"
)

// LentMax is the largest section, in bytes, whose memory the caller of DecodeSection may
// use again. DecodeSection copies such a section.
const LentMax = 16 << 10

// DecodeSection decodes a whole section of the part of a process in one incarnation. It
// skips pieces of unknown kinds. More than most pieces, skipped ones included, are a
// violation, as is every other error. The states and messages of a section of more than
// LentMax bytes are not copied, so the caller must not modify it afterwards.
func DecodeSection(process snapshot.ProcessID, incarnation snapshot.Incarnation, section []byte, most int) ([]snapshot.Piece, error) {
	d := decoder{rest: section}
	if len(section) <= LentMax {
		d.whole = string(section)
	}
	pieces := make([]snapshot.Piece, 0, d.pieces())
	for n := 0; len(d.rest) > 0; n++ {
		if n == most {
			return nil, violation("section: there are more than %d pieces", most)
		}
		piece, err := d.piece(process, incarnation)
		if err != nil {
			return nil, violation("section, piece %d: %w", n, err)
		}
		if piece != nil {
			pieces = append(pieces, piece)
		}
	}
	return pieces, nil
}

// piece decodes the next piece. It returns nil for a piece of an unknown kind.
func (d *decoder) piece(process snapshot.ProcessID, incarnation snapshot.Incarnation) (snapshot.Piece, error) {
	kind := d.byte("kind", 0, math.MaxUint8)
	fields := d.sized("piece")
	if d.err != nil {
		return nil, d.err
	}
	p := pieceDecoder{decoder: decoder{rest: fields}, process: process, incarnation: incarnation}
	if d.whole != "" {
		end := len(d.whole) - len(d.rest)
		p.whole = d.whole[end-len(fields) : end]
	}
	var piece snapshot.Piece
	switch kind {
	case pieceRecorded:
		piece = p.recorded()
	case pieceClosed:
		piece = p.closed()
	case pieceFailed:
		piece = p.failed()
	default:
		return nil, nil
	}
	return piece, p.end()
}

// A count on the wire is only the sender's word, so at most roomMax items are allocated
// before they are decoded. The gain of allocating ahead: without it, a section with 62
// idle ends of channels takes about 15 % longer to decode (BenchmarkDecodeSection).
const (
	pieceAbout = 40 // bytes of a closed piece of an idle channel
	roomMax    = 256
)

// pieces estimates how many pieces follow, at least one.
func (d *decoder) pieces() int { return min(1+len(d.rest)/pieceAbout, roomMax) }

// pieceDecoder decodes the fields of one piece.
type pieceDecoder struct {
	decoder
	process     snapshot.ProcessID
	incarnation snapshot.Incarnation
}

func (d *pieceDecoder) recorded() snapshot.Recorded {
	r := snapshot.Recorded{Process: d.process, Incarnation: d.incarnation}
	if d.byte("state kind", stateBytes, stateError) == stateError {
		if r.State.Error = d.text("state error"); r.State.Error == "" {
			d.check(fmt.Errorf("state error is empty"))
		}
	} else {
		r.State.Bytes = d.bytes("state")
	}
	r.State.About = d.about()
	r.Sent = d.counts()
	r.Received = d.counts()
	return r
}

func (d *pieceDecoder) failed() snapshot.Failed {
	return snapshot.Failed{
		Process: snapshot.ProcessID(d.name("process")),
		Reason:  snapshot.Reason(d.name("reason")),
		Detail:  d.text("detail"),
	}
}

// about decodes a list of at most one.
func (d *decoder) about() *snapshot.About {
	switch d.byte("about", 0, 1) {
	case 1:
		a := &snapshot.About{Settled: d.name("settled"), Printed: d.uint("printed"), Unanswered: d.uint("unanswered")}
		if a.Settled == "" {
			d.check(fmt.Errorf("settled is empty"))
		}
		return a
	}
	return nil
}

func (d *decoder) counts() []snapshot.Count {
	var counts []snapshot.Count
	n := d.items("counts", 2)
	if n > 0 {
		counts = make([]snapshot.Count, 0, min(n, roomMax))
	}
	for range n {
		if d.err != nil {
			break
		}
		peer := snapshot.ProcessID(d.name("peer"))
		counts = append(counts, snapshot.Count{Peer: peer, N: d.uint("count")})
	}
	return counts
}

func (d *pieceDecoder) closed() snapshot.Closed {
	c := snapshot.Closed{Process: d.process, Incarnation: d.incarnation}
	c.Outgoing = d.byte("outgoing", 0, 1) == 1
	c.Channel = snapshot.Channel{From: snapshot.ProcessID(d.name("peer")), To: d.process}
	if c.Outgoing {
		c.Channel.From, c.Channel.To = c.Channel.To, c.Channel.From
	}
	c.Peer = snapshot.Incarnation(d.name("peer's incarnation"))
	for range d.items("batches", 3) {
		first := d.uint("first")
		count := d.uint("count")
		body := d.bytes("body")
		if count > uint64(len(body)) || first == 0 || first+count < first {
			d.check(fmt.Errorf("%d messages from %d on in %d bytes", count, first, len(body)))
			break
		}
		batch := snapshot.Batch{First: first, Count: int(count), Body: body}
		d.check(batch.Check(MessageMax))
		c.Messages = append(c.Messages, batch)
	}
	for range d.items("resets", 4) {
		if d.err != nil {
			break
		}
		c.Resets = append(c.Resets, snapshot.Reset{
			Process:     snapshot.ProcessID(d.name("process")),
			Incarnation: snapshot.Incarnation(d.name("incarnation")),
			Discarded:   d.uint("discarded"),
			Unknown:     d.byte("unknown", 0, 1) == 1,
		})
	}
	return c
}

// items returns how many items follow. Each needs at least size bytes, so that a count
// that cannot fit is refused.
func (d *decoder) items(field string, size int) int {
	n := d.uint(field)
	if n > uint64(len(d.rest)/size) {
		d.fail("%d %s do not fit", n, field)
		return 0
	}
	return int(n)
}

// bytes returns the next byte string. It is a copy if whole is set.
func (d *decoder) bytes(field string) []byte {
	b := d.sized(field)
	if d.whole != "" {
		b = bytes.Clone(b)
	}
	return b
}

// sized returns the next byte string, without copying it.
func (d *decoder) sized(field string) []byte {
	n := d.uint(field)
	if n > uint64(len(d.rest)) {
		d.fail("%s is cut off", field)
		return nil
	}
	return d.take(field, int(n))
}
