package channel

import (
	"encoding/binary"
	"fmt"
	"slices"

	"chandy/snapshot"
	"chandy/wire"
)

// Sender is the outgoing half of a channel. The zero value is a channel on which
// nothing was ever sent and which has no connection.
//
// Invariants: acked <= written <= sent; received <= acked;
// markerAcked <= markerWritten <= markerSent. A marker begins a new segment, so a batch
// never crosses a marker.
type Sender struct {
	Rule     Rule
	FreeList *FreeList

	sent, acked uint64
	received    uint64    // last message acknowledged as received
	outbox      []segment // messages acked+1 … sent; the first segment may begin earlier
	bytes       int       // bytes in the segments of the outbox
	recordedTo  uint64    // last message to which a recorder refers
	credit      uint64    // messages that begin at or beyond this offset must wait; it never falls

	markerSent, markerAcked uint64
	markers                 []Marker // ordinals markerAcked+1 … markerSent

	// State of the current connection:
	up            bool
	written       uint64 // last message that Next returned
	markerWritten uint64 // last marker that Next returned
	offset        uint64 // bytes of messages 1 … written
	resent        uint64
	cursor        int // index of the segment that Next goes on with; if that is used up, with the next one
	cursorBytes   int // bytes of segment cursor that Next returned
}

// Marker is a marker on this channel.
type Marker struct {
	snapshot.Marker
	Ordinal uint64
}

// Send appends a copy of payload to the outbox.
func (s *Sender) Send(payload []byte) {
	s.sent++
	n := len(s.outbox)
	if n == 0 || s.outbox[n-1].stamp != s.markerSent || len(s.outbox[n-1].Body)+binary.MaxVarintLen32+len(payload) > segmentMax {
		s.outbox = append(s.outbox, s.newSegment())
		n = len(s.outbox)
	}
	last := &s.outbox[n-1]
	before := len(last.Body)
	last.Append(payload)
	s.bytes += len(last.Body) - before
}

// newSegment returns a segment with as much room as the segment before it uses.
func (s *Sender) newSegment() segment {
	next := segment{Batch: snapshot.Batch{First: s.sent}, stamp: s.markerSent, start: s.offset}
	room, busy := 0, false
	if n := len(s.outbox); n > 0 {
		last := s.outbox[n-1]
		next.start = last.start + uint64(len(last.Body))
		room = min(len(last.Body), segmentMax)
		busy = room > segmentMax/2
	}
	next.Body = s.FreeList.take(room, busy)
	return next
}

// Mark issues a marker: messages that are sent from now on carry its ordinal. m.Sent must
// be the number of messages sent.
func (s *Sender) Mark(m snapshot.Marker) {
	s.markerSent++
	s.markers = append(s.markers, Marker{m, s.markerSent})
}

// Sent returns the number of messages sent.
func (s *Sender) Sent() uint64 { return s.sent }

// Acked returns the number of the last message that was acknowledged as arrived.
func (s *Sender) Acked() uint64 { return s.acked }

// KnownReceived returns the number of the last message that was acknowledged as received.
func (s *Sender) KnownReceived() uint64 { return s.received }

// Markers returns the number of markers issued.
func (s *Sender) Markers() uint64 { return s.markerSent }

// Bytes returns how many bytes the outbox holds, including acknowledged messages of its
// first segment.
func (s *Sender) Bytes() int { return s.bytes }

// Waiting returns the number of messages in the outbox.
func (s *Sender) Waiting() int { return int(s.sent - s.acked) }

// WaitingMarkers returns the number of markers that were issued and not acknowledged.
func (s *Sender) WaitingMarkers() int { return int(s.markerSent - s.markerAcked) }

// Resent returns how many messages the connection before this one carried and the
// receiver has not got. They are sent again.
func (s *Sender) Resent() uint64 { return s.resent }

// Outbox returns the number of the last acknowledged message and the messages after it,
// for a recorder; see [snapshot.Channels]. In order it returns Sent and no messages,
// because the receiver records all of them. It gives the memory of the messages away, so
// that later acknowledgements do not shrink the result.
func (s *Sender) Outbox() (acked uint64, unacked []snapshot.Batch) {
	if s.Rule == InOrder {
		return s.sent, nil
	}
	s.recordedTo = s.sent
	unacked = make([]snapshot.Batch, len(s.outbox))
	for i := range s.outbox {
		unacked[i] = s.outbox[i].Batch
	}
	for len(unacked) > 0 && unacked[0].First <= s.acked {
		if unacked[0] = unacked[0].After(s.acked); unacked[0].Count > 0 {
			break
		}
		unacked = unacked[1:]
	}
	if last := len(unacked) - 1; last >= 0 {
		unacked[last].Body = slices.Clip(unacked[last].Body) // the segment may grow behind it
	}
	return s.acked, unacked
}

// Resume begins a connection with a receiver that is at the given position. Next then
// returns again what the receiver has not got. An error wraps ErrBroken.
func (s *Sender) Resume(at wire.Position) error {
	switch {
	case at.Arrived < s.acked || at.Marker < s.markerAcked:
		return fmt.Errorf("%w: the receiver is at message %d and marker %d, but acknowledged %d and %d",
			ErrBroken, at.Arrived, at.Marker, s.acked, s.markerAcked)
	case at.Arrived > s.sent || at.Marker > s.markerSent:
		return fmt.Errorf("%w: the receiver is at message %d and marker %d, but only %d and %d were sent",
			ErrBroken, at.Arrived, at.Marker, s.sent, s.markerSent)
	}
	before := s.written
	s.up = true
	// The receiver may have got whatever any earlier connection carried, so for this
	// Acknowledge everything counts as written.
	s.written, s.markerWritten = s.sent, s.markerSent
	if err := s.Acknowledge(at); err != nil {
		s.up = false
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	s.written, s.markerWritten = s.acked, s.markerAcked
	s.resent = before - min(before, s.acked)
	s.cursor, s.cursorBytes = 0, 0
	if len(s.outbox) > 0 {
		first := s.outbox[0]
		s.cursorBytes = len(first.Body) - len(first.After(s.acked).Body)
		s.offset = first.start + uint64(s.cursorBytes)
	}
	return nil
}

// Disconnect ends the connection.
func (s *Sender) Disconnect() { s.up = false }

// Acknowledge takes a position from the current connection and drops what has arrived.
// An error is a violation of the protocol. Nothing has changed then.
func (s *Sender) Acknowledge(at wire.Position) error {
	switch {
	case at.Arrived > s.written || at.Marker > s.markerWritten:
		return fmt.Errorf("acknowledges message %d and marker %d, but only %d and %d were sent on this connection",
			at.Arrived, at.Marker, s.written, s.markerWritten)
	case at.Received > at.Arrived:
		return fmt.Errorf("acknowledges message %d as received, but only %d as arrived", at.Received, at.Arrived)
	}
	s.acked = max(s.acked, at.Arrived)
	s.received = max(s.received, at.Received)
	s.credit = max(s.credit, at.Credit)
	s.markerAcked = max(s.markerAcked, at.Marker)
	s.markers = slices.Delete(s.markers, 0, len(s.markers)-int(s.markerSent-s.markerAcked))
	done := 0
	for done < len(s.outbox) && s.outbox[done].Last() <= s.acked {
		s.bytes -= len(s.outbox[done].Body)
		// If the outbox becomes empty, offset must be the end of the last message, because
		// newSegment starts there.
		s.offset = max(s.offset, s.outbox[done].start+uint64(len(s.outbox[done].Body)))
		s.outbox[done].memory = s.outbox[done].Body
		s.outbox[done].recorded = s.outbox[done].First <= s.recordedTo
		s.FreeList.put(&s.outbox[done])
		done++
	}
	s.outbox = slices.Delete(s.outbox, 0, done)
	if s.cursor -= done; s.cursor < 0 { // its segment was used up and is gone
		s.cursor, s.cursorBytes = 0, 0
	}
	return nil
}

// Next returns what the caller must write to the connection next: a marker or data,
// the other is nil. Both are nil if there is no connection, nothing to write, or no
// credit. The messages are lent.
func (s *Sender) Next() (*Marker, *wire.Data) {
	marker, data := s.next() // Next is small enough to be inlined, so data is not allocated
	if data.Count == 0 {
		return marker, nil
	}
	return marker, &data
}

// next implements Next. It returns data without messages instead of nil, so that Next
// can be inlined.
func (s *Sender) next() (marker *Marker, data wire.Data) {
	if !s.up {
		return nil, wire.Data{}
	}
	if s.markerWritten < s.markerSent {
		m := &s.markers[s.markerWritten-s.markerAcked]
		if s.Rule == Ahead || m.Sent == s.written {
			s.markerWritten++
			return m, wire.Data{}
		}
	}
	if s.written == s.sent || s.offset >= s.credit {
		return nil, wire.Data{}
	}
	seg := &s.outbox[s.cursor]
	if s.written == seg.Last() {
		s.cursor, s.cursorBytes = s.cursor+1, 0
		seg = &s.outbox[s.cursor]
	}
	data = wire.Data{Stamp: seg.stamp, Batch: snapshot.Batch{
		First: s.written + 1,
		Count: int(seg.Last() - s.written),
		Body:  seg.Body[s.cursorBytes:len(seg.Body):len(seg.Body)],
	}}
	if allowed := s.credit - s.offset; uint64(len(data.Body)) > allowed {
		data.Batch = beginningBefore(allowed, data.Batch)
	}
	s.written = data.Last()
	s.offset += uint64(len(data.Body))
	s.cursorBytes += len(data.Body)
	return nil, data
}

// beginningBefore returns the messages of b that begin before byte limit of its body.
func beginningBefore(limit uint64, b snapshot.Batch) snapshot.Batch {
	rest := b
	for rest.Count > 0 && uint64(len(b.Body)-len(rest.Body)) < limit {
		rest.Next()
	}
	return b.Through(rest.First - 1)
}
