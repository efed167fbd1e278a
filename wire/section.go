package wire

import (
	"fmt"

	"chandy/snapshot"
)

// Kinds of the pieces in a section.
const (
	pieceRecorded byte = 1
	pieceClosed   byte = 2
	pieceFailed   byte = 3
)

// What stands for the state in a recorded piece.
const (
	stateBytes byte = 0
	stateError byte = 1
)

// Section encodes pieces of a part as SPEC.md has them, one after another. States
// must have been resolved. Large states and messages are not copied: the slices, which
// make up the section in their order, lie in the pieces. It may be called from
// anywhere.
func Section(pieces []snapshot.Piece) [][]byte {
	var s section
	for _, piece := range pieces {
		switch piece := piece.(type) {
		case snapshot.Recorded:
			s.recorded(piece)
		case snapshot.Closed:
			s.closed(piece)
		case snapshot.Failed:
			s.b = append(s.b, pieceFailed)
			s.b = appendName(s.b, "process", piece.Process)
			s.b = appendName(s.b, "reason", piece.Reason)
			s.b = appendText(s.b, piece.Detail)
		default:
			bug("a piece of type %T", piece)
		}
	}
	s.cut()
	return s.slices
}

// section is one under way.
type section struct {
	slices [][]byte
	b      []byte // what is not in slices yet
}

// ReferMin is how long something must be for it to be cheaper to refer to than to
// copy, in bytes.
const ReferMin = 2 << 10

// sized appends the length of bytes and the bytes.
func (s *section) sized(bytes []byte) {
	s.b = appendUint(s.b, uint64(len(bytes)))
	if len(bytes) < ReferMin {
		s.b = append(s.b, bytes...)
		return
	}
	s.cut()
	s.slices = append(s.slices, bytes)
}

func (s *section) cut() {
	if len(s.b) > 0 {
		s.slices = append(s.slices, s.b)
		s.b = s.b[len(s.b):]
	}
}

func (s *section) recorded(r snapshot.Recorded) {
	b := append(s.b, pieceRecorded)
	b = appendName(b, "process", r.Process)
	b = appendName(b, "incarnation", r.Incarnation)
	if r.State.Error != "" {
		b = appendText(append(b, stateError), r.State.Error)
	} else {
		s.b = append(b, stateBytes)
		s.sized(r.State.Bytes)
		b = s.b
	}
	if a := r.State.Asked; a == nil {
		b = append(b, 0)
	} else {
		b = append(b, 1)
		b = appendName(b, "settled", a.Settled)
		b = appendUint(b, a.Printed)
		b = appendUint(b, a.Unanswered)
	}
	for _, counts := range [][]snapshot.Count{r.Sent, r.Received} {
		b = appendUint(b, uint64(len(counts)))
		for _, c := range counts {
			b = appendName(b, "peer", c.Peer)
			b = appendUint(b, c.N)
		}
	}
	s.b = b
}

func (s *section) closed(c snapshot.Closed) {
	b := append(s.b, pieceClosed)
	b = appendName(b, "process", c.Process)
	b = appendName(b, "incarnation", c.Incarnation)
	b = appendName(b, "from", c.Channel.From)
	b = appendName(b, "to", c.Channel.To)
	b = appendBool(b, c.Outgoing)
	b = appendName(b, "peer", c.Peer)
	b = appendUint(b, uint64(len(c.Messages)))
	for _, batch := range c.Messages {
		b = appendUint(b, batch.First)
		s.b = appendUint(b, uint64(batch.Count))
		s.sized(batch.Body)
		b = s.b
	}
	b = appendUint(b, uint64(len(c.Resets)))
	for _, r := range c.Resets {
		b = appendName(b, "process", r.Process)
		b = appendName(b, "incarnation", r.Incarnation)
		b = appendUint(b, r.Discarded)
		b = appendBool(b, r.Unknown)
	}
	s.b = b
}

// wholeMax is the largest section of which a copy is made for the strings in it, in
// bytes.
const wholeMax = 64 << 10

// DecodeSection reads the pieces of a whole section. States and messages lie in
// section afterwards. Errors are ErrViolations.
func DecodeSection(section []byte) ([]snapshot.Piece, error) {
	d := decoder{rest: section}
	if len(section) <= wholeMax {
		d.whole = string(section)
	}
	var pieces []snapshot.Piece
	for d.err == nil && len(d.rest) > 0 {
		switch kind := d.byte("kind", pieceRecorded, pieceFailed); kind {
		case pieceRecorded:
			pieces = append(pieces, decodeRecorded(&d))
		case pieceClosed:
			pieces = append(pieces, decodeClosed(&d))
		case pieceFailed:
			pieces = append(pieces, snapshot.Failed{
				Process: snapshot.ProcessID(d.name("process")),
				Reason:  snapshot.Reason(d.name("reason")),
				Detail:  d.text("detail"),
			})
		}
	}
	if d.err != nil {
		return nil, violation("section, piece %d: %w", len(pieces), d.err)
	}
	return pieces, nil
}

func decodeRecorded(d *decoder) snapshot.Recorded {
	r := snapshot.Recorded{
		Process:     snapshot.ProcessID(d.name("process")),
		Incarnation: snapshot.Incarnation(d.name("incarnation")),
	}
	if d.byte("state kind", stateBytes, stateError) == stateError {
		if r.State.Error = d.text("state error"); r.State.Error == "" {
			d.check(fmt.Errorf("state error is empty"))
		}
	} else {
		r.State.Bytes = d.bytes("state")
	}
	r.State.Asked = decodeAsked(d)
	r.Sent = decodeCounts(d)
	r.Received = decodeCounts(d)
	return r
}

// decodeAsked reads a list of at most one.
func decodeAsked(d *decoder) *snapshot.Asked {
	switch d.byte("asked", 0, 1) {
	case 1:
		a := &snapshot.Asked{Settled: d.name("settled"), Printed: d.uint("printed"), Unanswered: d.uint("unanswered")}
		if a.Settled == "" {
			d.check(fmt.Errorf("settled is empty"))
		}
		return a
	}
	return nil
}

func decodeCounts(d *decoder) []snapshot.Count {
	var counts []snapshot.Count
	for range d.items("counts", 2) {
		peer := snapshot.ProcessID(d.name("peer"))
		counts = append(counts, snapshot.Count{Peer: peer, N: d.uint("count")})
	}
	return counts
}

func decodeClosed(d *decoder) snapshot.Closed {
	c := snapshot.Closed{
		Process:     snapshot.ProcessID(d.name("process")),
		Incarnation: snapshot.Incarnation(d.name("incarnation")),
		Channel: snapshot.Channel{
			From: snapshot.ProcessID(d.name("from")),
			To:   snapshot.ProcessID(d.name("to")),
		},
		Outgoing: d.byte("outgoing", 0, 1) == 1,
		Peer:     snapshot.Incarnation(d.name("peer")),
	}
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
		c.Resets = append(c.Resets, snapshot.Reset{
			Process:     snapshot.ProcessID(d.name("process")),
			Incarnation: snapshot.Incarnation(d.name("incarnation")),
			Discarded:   d.uint("discarded"),
			Unknown:     d.byte("unknown", 0, 1) == 1,
		})
	}
	return c
}

// items gives how many items of at least size bytes each follow.
func (d *decoder) items(field string, size int) int {
	n := d.uint(field)
	if n > uint64(len(d.rest)/size) {
		d.fail("%d %s do not fit", n, field)
		return 0
	}
	return int(n)
}

// bytes gives the next byte string.
func (d *decoder) bytes(field string) []byte {
	n := d.uint(field)
	if n > uint64(len(d.rest)) {
		d.fail("%s is cut off", field)
		return nil
	}
	return d.take(field, int(n))
}
