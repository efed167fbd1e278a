package wire

import (
	"errors"
	"fmt"
	"math"

	"chandy/snapshot"
)

// Data carries messages of a channel, from its sender to its receiver.
type Data struct {
	// Stamp is the ordinal of the last marker that was issued on the channel
	// before these messages were sent; 0 before the first marker.
	Stamp uint64
	// Batch holds at least one message. Each has at most FragmentMax bytes, and the first
	// message of a channel has number 1. Decode checks this. A longer message travels as
	// Fragments.
	snapshot.Batch
}

// Type returns TypeData.
func (Data) Type() Type { return TypeData }

// String returns the numbers of the messages and the length of the body.
func (d Data) String() string {
	if d.Batch.Count == 1 {
		return fmt.Sprintf("data %d (%d bytes)", d.Batch.First, len(d.Batch.Body))
	}
	return fmt.Sprintf("data %d-%d (%d bytes)", d.Batch.First, d.Batch.Last(), len(d.Batch.Body))
}

// AppendHead appends the frame without the body of the batch. A frame ends with its body,
// so the caller can write the body after the head without copying it.
func (d Data) AppendHead(b []byte) []byte {
	start := len(b)
	b = append(b, noHeader[:]...)
	b = d.appendFields(b)
	seal(b[start:], TypeData, d.Batch.Body)
	return b
}

func (d Data) append(b []byte) []byte {
	return append(d.appendFields(b), d.Batch.Body...)
}

func (d Data) appendFields(b []byte) []byte {
	count := uint64(d.Batch.Count)
	if err := dataFault(d.Batch.First, count, d.Batch.Body); err != nil {
		bug("data: %v", err)
	}
	b = appendUint(b, d.Batch.First)
	b = appendUint(b, d.Stamp)
	return appendUint(b, count)
}

func decodeData(d *decoder) Frame {
	first, stamp, count := d.uint("first"), d.uint("stamp"), d.uint("count")
	body := d.all("body", dataBodyMax)
	d.check(dataFault(first, count, body))
	if d.err != nil {
		return Data{}
	}
	batch := snapshot.Batch{First: first, Count: int(count), Body: body}
	d.check(batch.Check(FragmentMax))
	return Data{Stamp: stamp, Batch: batch}
}

// dataFault returns an error if the numbers of a batch are wrong. It does not look at the
// messages in the body.
func dataFault(first, count uint64, body []byte) error {
	switch {
	case first == 0:
		return errors.New("first is 0")
	case count == 0:
		return errors.New("count is 0")
	case len(body) > dataBodyMax:
		return fmt.Errorf("a body of %d bytes, more than %d", len(body), dataBodyMax)
	case count > uint64(len(body)): // a message takes at least one byte
		return fmt.Errorf("%d messages in %d bytes", count, len(body))
	case first > math.MaxUint64-(count-1):
		return errors.New("number of the last message has more than 64 bits")
	}
	return nil
}
