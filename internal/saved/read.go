package saved

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"chandy/snapshot"
)

// PartMax is the longest part that a reader takes, in bytes.
const PartMax = 4 << 30

// check returns an error unless the sections make up the part.
func (s Size) check() error {
	switch {
	case s.Bytes > PartMax:
		return fmt.Errorf("%d bytes, more than %d", s.Bytes, uint64(PartMax))
	case s.StateBytes > s.Bytes || s.IndexBytes >= s.Bytes || s.StateBytes+s.IndexBytes >= s.Bytes:
		return fmt.Errorf("%d bytes cannot hold a state of %d and an index of %d", s.Bytes, s.StateBytes, s.IndexBytes)
	case s.IndexBytes == 0:
		return errors.New("no index")
	case !hash.MatchString(s.SHA256):
		return fmt.Errorf("the sha256 is %q", s.SHA256)
	}
	return nil
}

// sections reads a part from front to back. After an error it does nothing.
type sections struct {
	tally // what was read
	r     io.Reader
	of    Size
	err   error
}

// take reads the next n bytes.
func (s *sections) take(n uint64) []byte {
	if s.err != nil {
		return nil
	}
	b := make([]byte, n)
	s.fill(b)
	return b
}

// pass reads n bytes and writes them to w.
func (s *sections) pass(n uint64, w io.Writer) {
	b := make([]byte, min(n, 64<<10))
	for ; n > 0 && s.err == nil; n -= uint64(len(b)) {
		b = b[:min(n, uint64(len(b)))]
		if s.fill(b); s.err == nil {
			_, s.err = w.Write(b)
		}
	}
}

// fill reads b. It computes the hash of each piece while that is in the processor's cache, and
// the kernel reads ahead meanwhile.
func (s *sections) fill(b []byte) {
	var n int
	var err error
	for ; len(b) > 0 && err == nil; b = b[n:] {
		n, err = io.ReadFull(s.r, b[:min(len(b), pieceMax)])
		_, _ = s.Write(b[:n])
	}
	switch err {
	case nil:
	case io.EOF, io.ErrUnexpectedEOF:
		s.err = corrupt("it ends after %d of %d bytes", s.n, s.of.Bytes)
	default:
		s.err = err
	}
}

// end returns an error unless the whole part was read and is as the manifest says.
func (s *sections) end() error {
	if s.err != nil {
		return s.err
	}
	var more [1]byte
	switch _, err := io.ReadFull(s.r, more[:]); {
	case err == nil:
		return corrupt("it is longer than %d bytes", s.of.Bytes)
	case err != io.EOF:
		return err
	}
	if got := fmt.Sprintf("%x", s.sum.Sum(nil)); got != s.of.SHA256 {
		return corrupt("its sha256 is %s, not %s as in the manifest", got, s.of.SHA256)
	}
	return nil
}

// nowhere is where a tally writes that only counts.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

// readPart reads a part. It writes the state to w, or keeps it if w is nil.
func readPart(r io.Reader, m *Manifest, process snapshot.ProcessID, w io.Writer) (*Part, error) {
	of := m.Process(process)
	if of == nil {
		return nil, fmt.Errorf("snapshot %s has no process %q", m.ID, process)
	}
	if err := of.Part.check(); err != nil {
		return nil, corrupt("the manifest's entry of %s: %v", process, err)
	}
	s := &sections{tally: tally{w: nowhere{}, sum: sha256.New()}, r: r, of: of.Part}
	var state []byte
	if w == nil {
		state = s.take(of.Part.StateBytes)
	} else {
		s.pass(of.Part.StateBytes, w)
	}
	bodies := s.take(of.Part.Bytes - of.Part.StateBytes - of.Part.IndexBytes - 1)
	lineFeed := s.take(1)
	text := s.take(of.Part.IndexBytes)
	if err := s.end(); err != nil {
		return nil, err
	}
	var x index
	if err := json.Unmarshal(text, &x); err != nil {
		return nil, corrupt("its index is not JSON: %v", err)
	}
	switch {
	case lineFeed[0] != '\n' || text[len(text)-1] != '\n':
		return nil, corrupt("its index is not a line")
	case x.Format != partFormat:
		return nil, corrupt("its format is %q, not %q", x.Format, partFormat)
	case x.Snapshot != m.ID || x.Process != process || x.Incarnation != of.Incarnation:
		return nil, corrupt("it is the part of process %q, incarnation %q, in snapshot %q", x.Process, x.Incarnation, x.Snapshot)
	case x.State.Bytes != of.Part.StateBytes || (x.State.Kind == "error") != (x.State.Error != "") || x.State.Error == "" && x.State.Kind != "bytes":
		return nil, corrupt("its index has a state of kind %q, %d bytes", x.State.Kind, x.State.Bytes)
	}
	p := &Part{Snapshot: x.Snapshot, Process: process, Incarnation: x.Incarnation, State: x.State.state(state), Clients: x.Clients, ClientCount: x.ClientCount, Asked: x.Asked}
	if err := p.takeChannels(x, bodies); err != nil {
		return nil, err
	}
	return p, p.agrees(m)
}

// takeChannels sets the channels from an index and the bodies of the batches.
func (p *Part) takeChannels(x index, bodies []byte) error {
	for _, o := range x.Out {
		messages, rest, err := takeRuns(o.Messages, bodies, o.Acked, o.Sent)
		if h := half(Half{After: o.Acked, messages: messages}); err == nil && h.Through != o.Sent {
			err = corrupt("message %d is missing", h.Through+1)
		}
		if err != nil {
			return fmt.Errorf("the channel to %s: %w", o.To, err)
		}
		bodies = rest
		p.Out = append(p.Out, Outgoing{o.To, o.Incarnation, o.Acked, o.Sent, o.SentBytes, messages})
	}
	for _, i := range x.In {
		messages, rest, err := takeRuns(i.Messages, bodies, i.Received, i.Sent)
		if err != nil {
			return fmt.Errorf("the channel from %s: %w", i.From, err)
		}
		bodies = rest
		p.In = append(p.In, Incoming{i.From, i.Incarnation, i.Received, i.Sent, i.ReceivedBytes, messages})
	}
	if len(bodies) > 0 {
		return corrupt("%d bytes of messages belong to no channel", len(bodies))
	}
	return nil
}

// takeRuns returns the batches of a half, and the bodies after them. The messages must
// follow one another from after+1, and none may come after sent.
func takeRuns(runs [][3]uint64, bodies []byte, after, sent uint64) (batches []snapshot.Batch, rest []byte, err error) {
	if after > sent {
		return nil, nil, corrupt("%d messages arrived of %d sent", after, sent)
	}
	for _, r := range runs {
		first, count, bytes := r[0], r[1], r[2]
		if first != after+1 || count == 0 || count > sent-after {
			return nil, nil, corrupt("%d messages from %d stand after message %d of %d", count, first, after, sent)
		}
		if bytes > uint64(len(bodies)) || count > bytes {
			return nil, nil, corrupt("%d messages in %d bytes, of which %d are there", count, bytes, len(bodies))
		}
		b := snapshot.Batch{First: first, Count: int(count), Body: bodies[:bytes:bytes]}
		if err := b.Check(math.MaxInt); err != nil {
			return nil, nil, corrupt("messages from %d: %v", first, err)
		}
		batches, bodies, after = append(batches, b), bodies[bytes:], b.Last()
	}
	return batches, bodies, nil
}

// agrees returns an error unless the part has exactly the channels of the manifest, with
// the same counts and incarnations.
func (p *Part) agrees(m *Manifest) error {
	var out, in int
	for _, c := range m.Channels {
		if c.From == p.Process {
			if out == len(p.Out) || !p.Out[out].agrees(c) {
				return corrupt("its index and the manifest differ on %s", c.Channel())
			}
			out++
		}
	}
	for _, c := range m.Channels { // sorted by sender, so in the order of p.In
		if c.To == p.Process {
			if in == len(p.In) || !p.In[in].agrees(c) {
				return corrupt("its index and the manifest differ on %s", c.Channel())
			}
			in++
		}
	}
	if out != len(p.Out) || in != len(p.In) {
		return corrupt("its index has channels that the manifest does not have")
	}
	return nil
}

func (o Outgoing) agrees(c Channel) bool {
	return o.To == c.To && o.Peer == c.Incarnations[1] && o.Sent == c.Sent
}

func (i Incoming) agrees(c Channel) bool {
	return i.From == c.From && i.Peer == c.Incarnations[0] && i.Received == c.Received && i.Sent == c.Sent
}
