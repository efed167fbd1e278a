package wire

import (
	"errors"
	"fmt"
	"iter"
)

// Fragment carries some bytes of a message of more than FragmentMax bytes. The fragments
// of a message follow one another on the channel, and other frames may come between them.
type Fragment struct {
	// Number is the number of the message on its channel.
	Number uint64
	// Stamp is as in Data, and the same in all fragments of a message.
	Stamp uint64
	// Size is the length of the message in bytes: from FragmentMax+1 to MessageMax.
	Size int
	// Offset is how many bytes of the message go before these.
	Offset int
	// Bytes are 1 to FragmentMax bytes.
	Bytes []byte
}

// dataBodyMax is the longest body of a Data frame: a message of FragmentMax bytes with its
// length, which takes three bytes.
const dataBodyMax = FragmentMax + 3

// Long reports whether d is too long for a frame. It must have a single message then,
// which travels as the frames that Fragments returns.
func (d Data) Long() bool { return len(d.Batch.Body) > dataBodyMax }

// Fragments returns the message of d, which must be Long, in fragments. They refer to the
// memory of d.
func (d Data) Fragments() iter.Seq[Fragment] {
	return func(yield func(Fragment) bool) {
		message := d.Batch // Next changes its batch
		payload := message.Next()
		for offset := 0; offset < len(payload); offset += FragmentMax {
			end := min(offset+FragmentMax, len(payload))
			if !yield(Fragment{d.Batch.First, d.Stamp, len(payload), offset, payload[offset:end:end]}) {
				return
			}
		}
	}
}

// Type returns TypeFragment.
func (Fragment) Type() Type { return TypeFragment }

// String returns the numbers, and the length in place of the bytes.
func (f Fragment) String() string {
	return fmt.Sprintf("fragment of %d (bytes %d-%d of %d)", f.Number, f.Offset, f.Offset+len(f.Bytes)-1, f.Size)
}

// AppendHead appends the frame without its Bytes. A frame ends with them, so the caller
// can write them after the head without copying them.
func (f Fragment) AppendHead(b []byte) []byte {
	start := len(b)
	b = append(b, noHeader[:]...)
	b = f.appendFields(b)
	seal(b[start:], TypeFragment, f.Bytes)
	return b
}

func (f Fragment) append(b []byte) []byte { return append(f.appendFields(b), f.Bytes...) }

func (f Fragment) appendFields(b []byte) []byte {
	if err := fragmentFault(f.Number, uint64(f.Size), uint64(f.Offset), f.Bytes); err != nil {
		bug("fragment: %v", err)
	}
	b = appendUint(b, f.Number)
	b = appendUint(b, f.Stamp)
	b = appendUint(b, uint64(f.Size))
	return appendUint(b, uint64(f.Offset))
}

func decodeFragment(d *decoder) Frame {
	number, stamp, size, offset := d.uint("number"), d.uint("stamp"), d.uint("size"), d.uint("offset")
	bytes := d.all("bytes", FragmentMax)
	d.check(fragmentFault(number, size, offset, bytes))
	if d.err != nil {
		return Fragment{}
	}
	return Fragment{number, stamp, int(size), int(offset), bytes}
}

// fragmentFault returns an error if fields do not fit each other.
func fragmentFault(number, size, offset uint64, bytes []byte) error {
	switch {
	case number == 0:
		return errors.New("number is 0")
	case size <= FragmentMax || size > MessageMax:
		return fmt.Errorf("size is %d, not in %d-%d", size, FragmentMax+1, MessageMax)
	case len(bytes) == 0 || len(bytes) > FragmentMax:
		return fmt.Errorf("%d bytes, not 1-%d", len(bytes), FragmentMax)
	case offset > size-uint64(len(bytes)):
		return fmt.Errorf("bytes %d-%d of %d", offset, offset+uint64(len(bytes))-1, size)
	}
	return nil
}
