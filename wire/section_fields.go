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
	b = append(b, byte(r.State.Idle))
	b = appendOpen(b, r.State)
	for _, counts := range [][]snapshot.Count{r.Sent, r.Received} {
		b = appendUint(b, uint64(len(counts)))
		for _, c := range counts {
			b = appendName(b, "peer", c.Peer)
			b = appendUint(b, c.N)
		}
	}
	s.fields = b
}

// appendOpen appends a list of at most one item: the open requests, if they are known.
func appendOpen(b []byte, s snapshot.State) []byte {
	if s.Open == nil {
		return append(b, 0)
	}
	b = appendUint(append(b, 1), s.OpenTotal)
	b = appendUint(b, uint64(len(s.Open)))
	for _, r := range s.Open {
		b = appendName(b, "from", r.From)
		b = appendName(b, "msg_id", r.MsgID)
		b = appendDuration(b, r.Since)
	}
	return b
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
	b = appendDuration(b, c.MarkerAfter)
	runs := joinBatches(c.Messages)
	b = appendUint(b, uint64(len(runs)))
	for _, run := range runs {
		count, size := 0, 0
		for _, batch := range run {
			count += batch.Count
			size += len(batch.Body)
		}
		b = appendUint(b, run[0].First)
		b = appendUint(b, uint64(count))
		b = appendUint(b, uint64(size))
		for _, batch := range run {
			s.bodies = append(s.bodies, body{len(b), batch.Body})
		}
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

// joinMax is how many bytes the small batches have together that are sent as one.
const joinMax = 32 << 10

// joinBatches returns runs of batches that follow one another, each to be sent as one. A
// recording can have a batch for each message.
func joinBatches(all []snapshot.Batch) (runs [][]snapshot.Batch) {
	begin, size := 0, 0
	for i, batch := range all {
		if i > begin && (batch.First != all[i-1].Last()+1 || size+len(batch.Body) > joinMax) {
			runs = append(runs, all[begin:i])
			begin, size = i, 0
		}
		size += len(batch.Body)
	}
	if begin < len(all) {
		runs = append(runs, all[begin:])
	}
	return runs
}

func (s *sectionEncoder) failed(f snapshot.Failed) {
	s.fields = appendName(s.fields, "process", f.Process)
	s.fields = appendName(s.fields, "reason", f.Reason)
	s.fields = appendText(s.fields, f.Detail)
}

func (s *sectionEncoder) stored(p snapshot.Stored) {
	s.checkOwner(p.Process, p.Incarnation)
	s.fields = appendName(s.fields, "store", p.Store)
	s.fields = appendText(s.fields, p.Error)
	s.addBody(p.Summary)
}

// timed collects a list of at most one item for each stage.
func (s *sectionEncoder) timed(t snapshot.Timed) {
	s.checkOwner(t.Process, t.Incarnation)
	for _, at := range t.Times.Stages() {
		if *at < 0 {
			s.fields = append(s.fields, 0)
		} else {
			s.fields = appendDuration(append(s.fields, 1), *at)
		}
	}
}

// checkOwner panics if a piece belongs to the part of another process or incarnation.
// The section does not say to whom it belongs: the decoder takes that from the
// connection.
func (s *sectionEncoder) checkOwner(process snapshot.ProcessID, incarnation snapshot.Incarnation) {
	if process != s.process || incarnation != s.incarnation {
		bug("a piece of %s %s in a section of %s %s", process, incarnation, s.process, s.incarnation)
	}
}
