package wire

import "chandy/snapshot"

// The methods in this file collect the fields of one piece, in the order of SPEC.md.

// addBody adds messages, or a state as slices that follow one another: the length is a
// field, and the bytes follow it.
func (s *sectionEncoder) addBody(slices ...[]byte) {
	n := 0
	for _, bytes := range slices {
		n += len(bytes)
	}
	s.fields = appendUint(s.fields, uint64(n))
	for _, bytes := range slices {
		s.bodies = append(s.bodies, body{len(s.fields), bytes})
	}
}

func (s *sectionEncoder) recorded(r snapshot.Recorded) {
	s.checkOwner(r.Process, r.Incarnation)
	b := s.fields
	if r.State.Error != "" {
		b = appendText(append(b, stateError), r.State.Error)
	} else {
		s.fields = append(b, stateBytes)
		s.addBody(r.State.Slices()...)
		b = s.fields
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
	s.fields = b
}

func (s *sectionEncoder) closed(c snapshot.Closed) {
	s.checkOwner(c.Process, c.Incarnation)
	here, peer := c.Channel.To, c.Channel.From
	if c.Outgoing {
		here, peer = peer, here
	}
	s.checkOwner(here, c.Incarnation)
	b := appendBool(s.fields, c.Outgoing)
	b = appendName(b, "peer", peer)
	b = appendName(b, "peer's incarnation", c.Peer)
	b = appendUint(b, uint64(len(c.Messages)))
	for _, batch := range c.Messages {
		b = appendUint(b, batch.First)
		s.fields = appendUint(b, uint64(batch.Count))
		s.addBody(batch.Body)
		b = s.fields
	}
	b = appendUint(b, uint64(len(c.Resets)))
	for _, r := range c.Resets {
		b = appendName(b, "process", r.Process)
		b = appendName(b, "incarnation", r.Incarnation)
		b = appendUint(b, r.Discarded)
		b = appendBool(b, r.Unknown)
	}
	s.fields = b
}

func (s *sectionEncoder) failed(f snapshot.Failed) {
	s.fields = appendName(s.fields, "process", f.Process)
	s.fields = appendName(s.fields, "reason", f.Reason)
	s.fields = appendText(s.fields, f.Detail)
}

// checkOwner panics if a piece belongs to the part of another process or incarnation.
// The section does not say to whom it belongs: the decoder takes that from the
// connection.
func (s *sectionEncoder) checkOwner(process snapshot.ProcessID, incarnation snapshot.Incarnation) {
	if process != s.process || incarnation != s.incarnation {
		bug("a piece of %s %s in a section of %s %s", process, incarnation, s.process, s.incarnation)
	}
}
