package wire

import (
	"bytes"
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

// Section encodes pieces of the part of a process in one incarnation as SPEC.md has
// them. States must have been resolved. Large states and messages are not copied: the
// slices, which make up the section in their order, lie in the pieces. It may be
// called from anywhere.
func Section(process snapshot.ProcessID, incarnation snapshot.Incarnation, pieces []snapshot.Piece) [][]byte {
	s := section{b: make([]byte, 0, roomFor(pieces)), process: process, incarnation: incarnation}
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
	slices      [][]byte
	b           []byte // what is not in slices yet
	process     snapshot.ProcessID
	incarnation snapshot.Incarnation
}

// roomFor is about how many bytes of a section are not referred to.
func roomFor(pieces []snapshot.Piece) int {
	const (
		head   = 64 // of a section, and of pieces of which there are few
		number = 4  // or length
	)
	n := head
	for _, piece := range pieces {
		switch piece := piece.(type) {
		case snapshot.Recorded:
			n += head + roomOf(piece.State.Bytes)
			for _, counts := range [][]snapshot.Count{piece.Sent, piece.Received} {
				for _, count := range counts {
					n += len(count.Peer) + 2*number
				}
			}
		case snapshot.Closed:
			n += 6 + len(piece.Channel.From) + len(piece.Peer) + len(piece.Resets)*head
			for _, batch := range piece.Messages {
				n += 3*number + roomOf(batch.Body)
			}
		default:
			n += head
		}
	}
	return n
}

func roomOf(bytes []byte) int {
	if len(bytes) < ReferMin {
		return len(bytes)
	}
	return 0
}

// own checks that a piece is of the part that the section belongs to.
func (s *section) own(process snapshot.ProcessID, incarnation snapshot.Incarnation) {
	if process != s.process || incarnation != s.incarnation {
		bug("a piece of %s %s in a section of %s %s", process, incarnation, s.process, s.incarnation)
	}
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
	s.own(r.Process, r.Incarnation)
	b := append(s.b, pieceRecorded)
	if r.State.Error != "" {
		b = appendText(append(b, stateError), r.State.Error)
	} else {
		s.b = append(b, stateBytes)
		s.sized(r.State.Bytes)
		b = s.b
	}
	if a := r.State.About; a == nil {
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
	s.own(c.Process, c.Incarnation)
	here, peer := c.Channel.To, c.Channel.From
	if c.Outgoing {
		here, peer = peer, here
	}
	s.own(here, c.Incarnation)
	b := appendBool(append(s.b, pieceClosed), c.Outgoing)
	b = appendName(b, "peer", peer)
	b = appendName(b, "peer's incarnation", c.Peer)
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

// LentMax is the largest section that may be lent to DecodeSection, in bytes. It is
// copied up to twice: for the names in it, and its states and messages.
const LentMax = 16 << 10

// DecodeSection reads the pieces of a whole section of the part of a process in one
// incarnation, at most so many. What they hold is copied, but of a section of more than
// LentMax bytes states and messages lie in it afterwards. Errors are ErrViolations.
func DecodeSection(process snapshot.ProcessID, incarnation snapshot.Incarnation, section []byte, most int) ([]snapshot.Piece, error) {
	d := sectionDecoder{decoder: decoder{rest: section}, process: process, incarnation: incarnation}
	if len(section) <= LentMax {
		d.whole = string(section)
	}
	pieces := make([]snapshot.Piece, 0, d.pieces())
	for d.err == nil && len(d.rest) > 0 {
		if len(pieces) == most {
			d.fail("there are more than %d pieces", most)
			break
		}
		switch kind := d.byte("kind", pieceRecorded, pieceFailed); kind {
		case pieceRecorded:
			pieces = append(pieces, d.recorded())
		case pieceClosed:
			pieces = append(pieces, d.closed())
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

// Memory is taken at once for about as many pieces and counts as there are if the
// channels are idle, but for no more than roomMax of them on the sender's word.
const (
	pieceAbout = 40 // bytes of the piece of an idle channel
	roomMax    = 256
)

// pieces is about how many pieces follow, at least one.
func (d *decoder) pieces() int { return min(1+len(d.rest)/pieceAbout, roomMax) }

// sectionDecoder is a decoder with what all pieces have in common.
type sectionDecoder struct {
	decoder
	process     snapshot.ProcessID
	incarnation snapshot.Incarnation
}

func (d *sectionDecoder) recorded() snapshot.Recorded {
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

// about reads a list of at most one.
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

func (d *sectionDecoder) closed() snapshot.Closed {
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

// items gives how many items of at least size bytes each follow.
func (d *decoder) items(field string, size int) int {
	n := d.uint(field)
	if n > uint64(len(d.rest)/size) {
		d.fail("%d %s do not fit", n, field)
		return 0
	}
	return int(n)
}

// bytes gives the next byte string: a copy, if strings are pieces of one.
func (d *decoder) bytes(field string) []byte {
	n := d.uint(field)
	if n > uint64(len(d.rest)) {
		d.fail("%s is cut off", field)
		return nil
	}
	b := d.take(field, int(n))
	if d.whole != "" {
		b = bytes.Clone(b)
	}
	return b
}
