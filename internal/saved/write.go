package saved

import (
	"crypto/sha256"
	"fmt"
	"io"

	"chandy/snapshot"
)

// tally passes on what is written, and counts it. It keeps the error of w, so that an error
// of State.Encode is known to be one of the program. It takes a piece of at most pieceMax at a
// time: a store still writes the last piece while tally computes the hash of it.
type tally struct {
	w   io.Writer
	sum interface {
		io.Writer
		Sum([]byte) []byte
	}
	n   uint64
	err error
}

// pieceMax is how many bytes are hashed at a time, while others are read or written.
const pieceMax = 256 << 10

func (t *tally) Write(b []byte) (written int, err error) {
	for len(b) > written && t.err == nil {
		piece := b[written:min(len(b), written+pieceMax)]
		var n int
		n, t.err = t.w.Write(piece)
		_, _ = t.sum.Write(piece[:n]) // a hash returns no error
		t.n += uint64(n)
		written += n
	}
	return written, t.err
}

func (p *Part) encode(w io.Writer) (Summary, error) {
	trimmed, err := p.trim()
	if err != nil {
		return Summary{}, err
	}
	t := &tally{w: w, sum: sha256.New()}
	why := writeState(t, p.State)
	stateBytes := t.n
	for _, b := range trimmed.batches() {
		_, _ = t.Write(b.Body) // tally keeps the error
	}
	index := encode(trimmed.index(stateBytes, why))
	_, _ = fmt.Fprintf(t, "\n%s\n", index)
	if t.err != nil {
		return Summary{}, t.err
	}
	s := trimmed.summary()
	if s.StateError, s.WhyNot = why, p.WhyNot; why != "" {
		s.WhyNot = "there is no state: " + why
	}
	s.Part = Size{Bytes: t.n, SHA256: fmt.Sprintf("%x", t.sum.Sum(nil)), StateBytes: stateBytes, IndexBytes: uint64(len(index)) + 1}
	return s, nil
}

// writeState writes the state, and returns why there is none.
func writeState(t *tally, s snapshot.State) (why string) {
	switch {
	case s.Error != "":
		return s.Error
	case s.Encode == nil:
		for _, piece := range s.Slices() {
			_, _ = t.Write(piece)
		}
		return ""
	}
	if err := s.Encode(t); err != nil && t.err == nil {
		return err.Error()
	}
	return ""
}

// trim returns the part without messages that are not in the cut, or that the count at the
// other end covers. The slices of p stay as they are.
func (p *Part) trim() (*Part, error) {
	q := *p
	q.Out, q.In = nil, nil
	for _, o := range p.Out {
		kept, through, err := trim(o.Messages, o.Acked, o.Sent)
		if err == nil && through != o.Sent {
			err = fmt.Errorf("message %d is not recorded", through+1)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", snapshot.Channel{From: p.Process, To: o.To}, err)
		}
		o.Messages = kept
		q.Out = append(q.Out, o)
	}
	for _, i := range p.In {
		kept, _, err := trim(i.Messages, i.Received, i.Sent)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", snapshot.Channel{From: i.From, To: p.Process}, err)
		}
		i.Messages = kept
		q.In = append(q.In, i)
	}
	return &q, nil
}

// trim returns the messages after+1 … sent among batches that follow one another, and the
// number of the last one.
func trim(batches []snapshot.Batch, after, sent uint64) (kept []snapshot.Batch, through uint64, err error) {
	if after > sent {
		return nil, 0, fmt.Errorf("%d messages arrived of %d sent", after, sent)
	}
	through = after
	for _, b := range batches {
		b = b.After(through).Through(sent)
		switch {
		case b.Count == 0:
		case b.First != through+1:
			return nil, 0, fmt.Errorf("message %d is not recorded", through+1)
		default:
			kept = append(kept, b)
			through = b.Last()
		}
	}
	return kept, through, nil
}

// batches returns all batches in the order in which they lie in a part.
func (p *Part) batches() (all []snapshot.Batch) {
	for _, o := range p.Out {
		all = append(all, o.Messages...)
	}
	for _, i := range p.In {
		all = append(all, i.Messages...)
	}
	return all
}

// summary returns the summary of a trimmed part, without its size.
func (p *Part) summary() Summary {
	s := Summary{Process: p.Process, Incarnation: p.Incarnation, StateError: p.State.Error, Out: []Half{}, In: []Half{}}
	for _, o := range p.Out {
		s.Out = append(s.Out, half(Half{Peer: o.To, Incarnation: o.Peer, Sent: o.Sent, After: o.Acked, Total: o.SentBytes, messages: o.Messages}))
	}
	for _, i := range p.In {
		s.In = append(s.In, half(Half{Peer: i.From, Incarnation: i.Peer, Sent: i.Sent, After: i.Received, Total: i.ReceivedBytes, messages: i.Messages}))
	}
	return s
}

// half fills in what follows from the messages.
func half(h Half) Half {
	h.Through, h.Bytes = h.After, bodies(h.messages)
	for _, b := range h.messages {
		h.Through = b.Last()
	}
	return h
}

// bodies returns the length of batches.
func bodies(batches []snapshot.Batch) (n uint64) {
	for _, b := range batches {
		n += uint64(len(b.Body))
	}
	return n
}
