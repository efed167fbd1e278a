package channel

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"testing"

	"chandy/internal/explore"
	"chandy/snapshot"
	"chandy/wire"
)

// The exploration copies halves and compares them. Both must know every field:
// TestCloneKnowsEveryField fails when one is added.

// cloneSender is a deep copy: the original may use the memory of its segments again.
// The free list is no part of the state.
func cloneSender(s *Sender) *Sender {
	if s == nil {
		return nil
	}
	c := *s
	c.outbox = slices.Clone(s.outbox)
	for i := range c.outbox {
		cloneMemory(&c.outbox[i])
	}
	c.FreeList = nil
	c.markers = slices.Clone(s.markers)
	return &c
}

func cloneReceiver(r *Receiver) *Receiver {
	if r == nil {
		return nil
	}
	c := *r
	c.inbox = slices.Clone(r.inbox)
	for i := range c.inbox {
		cloneMemory(&c.inbox[i])
	}
	c.done, c.FreeList = segment{}, nil
	return &c
}

func cloneMemory(seg *segment) {
	seg.Body = slices.Clip(bytes.Clone(seg.Body))
	seg.memory = seg.Body
}

func clonePeer(p Peer) Peer {
	p.Out, p.In, p.dead = cloneSender(p.Out), cloneReceiver(p.In), slices.Clone(p.dead)
	return p
}

// appendSender appends an encoding of everything that changes in a sender's life.
// Senders with equal encodings always behave alike. What belongs to a connection
// is left out while there is none: Resume sets it. But offset stays what it was if
// there is nothing to send again. How many messages are sent again is left out: it
// counts and decides nothing. So are the free list and what is recorded, which are about
// memory only.
func appendSender(b []byte, s *Sender) []byte {
	ofConnection := []uint64{s.written, s.markerWritten, s.offset, uint64(s.cursor), uint64(s.cursorBytes)}
	if !s.up {
		ofConnection = []uint64{0}
		if len(s.outbox) == 0 {
			ofConnection[0] = s.offset
		}
	}
	for _, n := range slices.Concat([]uint64{s.sent, s.acked, s.received, uint64(s.bytes), s.markerSent, s.markerAcked, s.credit, bit(s.up)}, ofConnection) {
		b = binary.AppendUvarint(b, n)
	}
	b = append(b, byte(len(s.outbox)))
	for _, seg := range s.outbox {
		b = appendBatch(b, seg.Batch)
		b = binary.AppendUvarint(b, seg.stamp)
		b = binary.AppendUvarint(b, seg.start)
	}
	b = append(b, byte(len(s.markers)))
	for _, m := range s.markers {
		b = appendMarker(b, m)
	}
	return b
}

// appendReceiver is as appendSender. How many duplicates came is left out: it
// counts and decides nothing.
func appendReceiver(b []byte, r *Receiver) []byte {
	for _, n := range []uint64{r.arrived, r.received, r.marker, r.arrivedBytes, r.receivedBytes, r.advertisedBytes} {
		b = binary.AppendUvarint(b, n)
	}
	b = appendPosition(b, r.advertised)
	b = append(b, byte(len(r.inbox)))
	for _, seg := range r.inbox {
		b = appendBatch(b, seg.Batch)
		b = binary.AppendUvarint(b, seg.stamp)
	}
	return b
}

func appendPeer(b []byte, p *Peer) []byte {
	b = explore.AppendText(b, p.Incarnation)
	b = append(b, byte(len(p.dead)))
	for _, dead := range p.dead {
		b = explore.AppendText(b, dead)
	}
	if p.Out != nil {
		b = appendSender(b, p.Out)
	}
	if p.In != nil {
		b = appendReceiver(b, p.In)
	}
	return b
}

func appendPosition(b []byte, at wire.Position) []byte {
	for _, n := range []uint64{at.Arrived, at.Received, at.Marker, at.Credit} {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func appendMarker(b []byte, m Marker) []byte {
	b = explore.AppendText(b, m.ID)
	b = binary.AppendUvarint(b, m.Ordinal)
	b = binary.AppendUvarint(b, m.Sent)
	return binary.AppendUvarint(b, m.Acked)
}

func appendBatch(b []byte, one snapshot.Batch) []byte {
	b = binary.AppendUvarint(b, one.First)
	b = append(b, byte(one.Count))
	return explore.AppendText(b, string(one.Body))
}

func bit(set bool) uint64 {
	if set {
		return 1
	}
	return 0
}

func TestCloneKnowsEveryField(t *testing.T) {
	for want, all := range map[int][]reflect.Type{
		19: {reflect.TypeFor[Sender]()},
		13: {reflect.TypeFor[Receiver]()},
		5:  {reflect.TypeFor[segment](), reflect.TypeFor[snapshot.Start]()},
		4:  {reflect.TypeFor[Peer](), reflect.TypeFor[wire.Position]()},
		3:  {reflect.TypeFor[snapshot.Batch](), reflect.TypeFor[snapshot.Marker]()},
		2:  {reflect.TypeFor[wire.Data](), reflect.TypeFor[Marker]()},
	} {
		for _, typ := range all {
			if got := typ.NumField(); got != want {
				t.Errorf("%v has %d fields, want %d: change the clone and append functions, then this test", typ, got, want)
			}
		}
	}
}
