package snapshot

import (
	"encoding/binary"
	"maps"
	"reflect"
	"slices"
	"testing"
)

// The exploration copies recorders and compares them. Both must know every field:
// TestCloneKnowsEveryField fails when one is added.

// cloneRecorder is a deep copy of r that asks other channels. Batches are shared:
// they never change.
func cloneRecorder(r *Recorder, channels Channels) *Recorder {
	c := *r
	c.channels = channels
	c.recordings = make([]*recording, len(r.recordings))
	for i, rec := range r.recordings {
		copied := *rec
		copied.in, copied.out = cloneEnds(rec.in), cloneEnds(rec.out)
		c.recordings[i] = &copied
	}
	c.ended = slices.Clone(r.ended)
	c.endedIDs = maps.Clone(r.endedIDs)
	return &c
}

func cloneEnds(ends []end) []end {
	ends = slices.Clone(ends)
	for i := range ends {
		ends[i].messages = slices.Clone(ends[i].messages)
	}
	return ends
}

// appendRecorder appends an encoding of everything that is not the same for the
// whole life of a recorder. Two recorders of one process with equal encodings
// behave alike for ever.
func appendRecorder(b []byte, r *Recorder) []byte {
	b = append(b, bit(r.capturing), byte(len(r.recordings)))
	for _, rec := range r.recordings {
		b = appendStart(b, rec.Start)
		b = append(b, bit(rec.recorded), byte(rec.open))
		b = appendEnds(b, rec.in)
		b = appendEnds(b, rec.out)
	}
	b = append(b, byte(len(r.ended)))
	for _, e := range r.ended {
		b = appendText(b, string(e.id))
		b = binary.AppendVarint(b, int64(e.forget))
	}
	// endedIDs is the set of the ids in ended: checkEndedIDs.
	return b
}

func appendStart(b []byte, s Start) []byte {
	b = appendText(b, string(s.ID))
	b = appendText(b, string(s.Assembler))
	b = binary.AppendVarint(b, int64(s.Deadline))
	return binary.AppendVarint(b, int64(s.Timeout))
}

func appendEnds(b []byte, ends []end) []byte {
	for _, e := range ends {
		b = append(b, bit(e.closed), bit(e.marker))
		b = binary.AppendUvarint(b, e.sent)
		b = binary.AppendUvarint(b, e.acked)
		b = binary.AppendUvarint(b, e.arrived)
		b = appendBatches(b, e.messages)
	}
	return b
}

func appendBatches(b []byte, batches []Batch) []byte {
	b = append(b, byte(len(batches)))
	for _, one := range batches {
		b = binary.AppendUvarint(b, one.First)
		b = append(b, byte(one.Count))
		b = appendText(b, string(one.Body))
	}
	return b
}

func appendText(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

func bit(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func TestCloneKnowsEveryField(t *testing.T) {
	for want, typ := range map[int]reflect.Type{
		10: reflect.TypeFor[Recorder](),
		5:  reflect.TypeFor[recording](),
		6:  reflect.TypeFor[end](),
		2:  reflect.TypeFor[ended](),
		4:  reflect.TypeFor[Start](),
		3:  reflect.TypeFor[Batch](),
	} {
		if got := typ.NumField(); got != want {
			t.Errorf("%v has %d fields, not %d: tell cloneRecorder and appendRecorder, then this test", typ, got, want)
		}
	}
}
