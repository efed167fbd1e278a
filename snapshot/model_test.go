package snapshot

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"chandy/internal/explore"
)

// The model is processes around real Recorders. A step belongs to one process. Its
// outcome depends only on the state of that process and, for a delivery, on the head
// of the channel. So a process is a table of local states, and the outcome of a step
// in each is computed once, by the real Recorder on a copy.

// kind is a kind of step.
type kind uint8

const (
	sends    kind = iota // the program sends its next message on outgoing channel arg
	receives             // it receives from the inbox of incoming channel arg
	arrives              // a message, the head of incoming channel arg, enters the inbox
	marks                // a marker, the head of incoming channel arg, arrives
	initiates
	records // the capture that is open is finished: Capture is answered
	abandons
)

// A capture is always finished by a step of its own. The run in which no step comes
// between the two is a capture that is answered at once: it is explored too.

func (k kind) String() string {
	return [...]string{"sends to", "receives from", "gets a message from", "gets a marker from", "initiates", "records", "abandons"}[k]
}

// event is a step of one process.
type event struct {
	kind   kind
	arg    uint8 // a channel end, or a snapshot
	marker uint8 // of marks: number in explorer.markers
}

const snapshotsMax = 2

// local is the local state of one process in the model: everything that its future
// depends on, and the part of its past that the checks at the end need.
type local struct {
	*host
	asked     uint8                   // snapshots that it was asked to initiate
	abandoned uint8                   // snapshots that it was told to abandon
	gaveUp    uint8                   // those of them that were in progress
	finished  uint8                   // snapshots of which it reported the last piece
	markers   [snapshotsMax][]arrival // markers that arrived
	pieces    [snapshotsMax][]Piece   // what it reported
	parts     [snapshotsMax]string    // the pieces as text, sorted
}

type arrival struct {
	from   ProcessID
	marker Marker
}

// push is a marker for a channel.
type push struct {
	end    int // of the sender
	marker Marker
}

// newLocal returns the first local state of a process.
func (s *scope) newLocal(process int) *local {
	id := s.topology.Processes[process]
	h := newHost(id, firstIncarnation(id), s.topology, snapshotsMax)
	h.fault = s.fault
	return &local{host: h}
}

func (l *local) clone() *local {
	c := *l
	c.host = l.host.clone()
	for k := range c.pieces {
		c.markers[k] = slices.Clip(l.markers[k])
		c.pieces[k] = slices.Clip(l.pieces[k])
	}
	return &c
}

// programState returns the state of the program: how many messages it has sent and
// received on each channel. Message n of a channel is payload(channel, n), and
// channels are FIFO. So the counts say which sends and receives the state includes.
// The checks read them from there and not from what the Recorder counted.
func (h *host) programState() []byte {
	b := []byte("sent")
	for _, n := range h.sent {
		b = fmt.Append(b, " ", n)
	}
	b = append(b, ", received"...)
	for _, in := range h.in {
		b = fmt.Append(b, " ", in.received)
	}
	return b
}

// parseState returns the counts in a programState, for outgoing and then for incoming
// channels.
func parseState(b []byte) (counts []uint64) {
	for _, c := range b {
		if '0' <= c && c <= '9' {
			counts = append(counts, uint64(c-'0'))
		}
	}
	return counts
}

func payload(c Channel, seq uint64) []byte { return fmt.Appendf(nil, "%s#%d", c, seq) }

// do takes a step. It returns the markers that are sent.
func (l *local) do(e event, s *scope, marker Marker) ([]push, *explore.Finding) {
	out, in := l.topology.Out(l.id), l.topology.In(l.id)
	switch e.kind {
	case sends:
		l.send(out[e.arg])
	case receives:
		l.receive(in[e.arg])
	case arrives:
		from := in[e.arg]
		return l.obey(s, l.arrive(from, payload(Channel{from, l.id}, l.in[e.arg].arrived+1)))
	case marks:
		k := s.number(marker.ID)
		ended := (l.finished|l.gaveUp)>>k&1 == 1
		l.markers[k] = append(l.markers[k], arrival{in[e.arg], marker})
		effects := l.marker(in[e.arg], marker)
		if ended && len(effects) > 0 && l.fault == noFault {
			return nil, explore.Findingf(checkSteps, "%s came late and caused: %s", marker, renderEffects(effects))
		}
		return l.obey(s, effects)
	case initiates:
		l.asked |= 1 << e.arg
		start := s.starts[e.arg]
		known := l.recorder.find(start.ID) != nil || l.recorder.endedIDs[start.ID]
		effects, err := l.initiate(start)
		if known != (err == ErrKnown) || !known && err != nil {
			return nil, explore.Findingf(checkSteps, "initiate: %v", err)
		}
		return l.obey(s, effects)
	case records:
		return l.obey(s, l.record(l.fault.state(l.host)))
	case abandons:
		id := s.starts[e.arg].ID
		l.abandoned |= 1 << e.arg
		if l.recorder.find(id) != nil {
			l.gaveUp |= 1 << e.arg
		}
		l.recorder.Abandon(id)
		return l.obey(s, nil)
	}
	return nil, nil
}

// obey does the effects in order, and returns the markers that are sent.
func (l *local) obey(s *scope, effects []Effect) ([]push, *explore.Finding) {
	var pushes []push
	for _, e := range effects {
		switch e := e.(type) {
		case SendMarker:
			pushes = append(pushes, push{e.Out, e.Marker})
		case Report:
			k := s.number(e.Start.ID)
			if (l.finished|l.gaveUp)>>k&1 == 1 {
				return nil, explore.Findingf(checkSteps, "after the end of its part: %s", e)
			}
			if e.Last {
				l.finished |= 1 << k
			}
			l.pieces[k] = append(l.pieces[k], e.Piece)
			l.parts[k] = renderPieces(l.pieces[k])
		}
	}
	return pushes, nil
}

// checkFreed checks what must hold of a Recorder in every state: what has ended is
// freed and remembered, closed ends hold no message, and a marker that arrived before
// changes nothing when it arrives again, whether its snapshot has ended or not.
func (l *local) checkFreed(s *scope) *explore.Finding {
	r := l.recorder
	for _, rec := range r.recordings {
		k := s.number(rec.ID)
		if (l.finished|l.gaveUp)>>k&1 == 1 {
			return explore.Findingf(checkFreed, "%s still records %s, which has ended", l.id, rec.ID)
		}
		for _, e := range slices.Concat(rec.in, rec.out) {
			if e.closed && e.messages != nil {
				return explore.Findingf(checkFreed, "%s holds messages of a closed end", l.id)
			}
		}
	}
	if l.fault != noFault {
		return nil // the Recorder was told other things than the model
	}
	before := string(explore.Append(nil, r))
	for _, arrived := range l.markers {
		for _, a := range arrived {
			if effects := r.MarkerReceived(a.from, a.marker); len(effects) > 0 {
				return explore.Findingf(checkSteps, "%s came again from %s: %s", a.marker, a.from, renderEffects(effects))
			}
			if string(explore.Append(nil, r)) != before {
				return explore.Findingf(checkSteps, "%s came again from %s and changed something", a.marker, a.from)
			}
		}
	}
	return nil
}

// append encodes the local state. Equal encodings of one process mean an equal future
// and equal checks. The order in which pieces were reported is left out, since no
// check depends on it.
func (l *local) append(b []byte) []byte {
	b = append(b, l.asked, l.abandoned, l.gaveUp, l.finished)
	for _, n := range l.sent {
		b = binary.AppendUvarint(b, n)
	}
	for _, in := range l.in {
		b = binary.AppendUvarint(b, in.arrived)
		b = binary.AppendUvarint(b, in.received) // the inbox follows from the two
	}
	b = explore.Append(b, l.recorder)
	for k := range l.pieces {
		b = append(b, byte(len(l.markers[k])))
		for _, a := range l.markers[k] {
			b = explore.AppendText(b, a.from)
		}
		b = explore.AppendText(b, l.parts[k])
	}
	return b
}

// renderPieces renders the pieces of one snapshot. No check depends on their order.
func renderPieces(pieces []Piece) string {
	var texts []string
	for _, p := range pieces {
		texts = append(texts, p.String())
	}
	slices.Sort(texts)
	return strings.Join(texts, "\n")
}

func (l *local) sentInAll() (n uint64) {
	for _, sent := range l.sent {
		n += sent
	}
	return n
}

// scope is the system that an exploration goes through.
type scope struct {
	name     string
	topology *Topology
	messages int // in all, by any process and on any channel
	starts   []Start
	// initiators of each snapshot: each of them is asked, at any moment.
	initiators [][]ProcessID
	abandon    bool // each process may be told to abandon each snapshot, at any moment
	fault      *fault
}

func newScope(name, channels string, messages int, initiators ...string) *scope {
	s := &scope{name: name, topology: graph(channels), messages: messages, fault: noFault}
	for k, words := range initiators {
		all := ids(words)
		s.starts = append(s.starts, Start{ID: ID(fmt.Sprintf("S%d", k+1)), Assembler: all[0], Deadline: time.Second, Timeout: time.Second})
		s.initiators = append(s.initiators, all)
	}
	return s
}

func (s *scope) number(id ID) int {
	return slices.IndexFunc(s.starts, func(start Start) bool { return start.ID == id })
}

func renderEffects(effects []Effect) string {
	var parts []string
	for _, e := range effects {
		parts = append(parts, e.String())
	}
	return strings.Join(parts, "; ")
}
