package netnode

import (
	"slices"

	"chandy/wire"
)

// iovec collects frames for one write. Large messages and states stay where they are;
// everything else is encoded into memory of its own.
type iovec struct {
	encoded []byte
	large   []large
	size    int      // bytes in all
	ends    []int    // of frames
	vector  [][]byte // memory for pieces
}

// large is bytes whose place is before an index of encoded.
type large struct {
	at    int
	bytes []byte
}

// add appends a frame. The memory of messages and chunks must stay valid until reset.
func (v *iovec) add(f wire.Frame) {
	before := len(v.encoded)
	switch f := f.(type) {
	case wire.Data:
		v.encoded = f.AppendHead(v.encoded)
		v.put(f.Batch.Body)
	case wire.Fragment:
		v.encoded = f.AppendHead(v.encoded)
		v.put(f.Bytes)
	case wire.Chunk:
		v.encoded = f.AppendHead(v.encoded)
		for _, bytes := range f.Bytes {
			v.put(bytes)
		}
	default:
		v.encoded = wire.Append(v.encoded, f)
	}
	v.size += len(v.encoded) - before
	v.ends = append(v.ends, v.size)
}

func (v *iovec) put(bytes []byte) {
	if len(bytes) < wire.ReferMin {
		v.encoded = append(v.encoded, bytes...)
		return
	}
	v.large = append(v.large, large{len(v.encoded), bytes})
	v.size += len(bytes)
}

// full reports whether there is enough for a write.
func (v *iovec) full() bool { return v.size >= writeBatch }

// pieces returns all bytes in order. They are valid until the next call of a method.
func (v *iovec) pieces() [][]byte {
	v.vector = v.vector[:0]
	from := 0
	for _, one := range v.large {
		if from < one.at {
			v.vector = append(v.vector, v.encoded[from:one.at])
		}
		v.vector = append(v.vector, one.bytes)
		from = one.at
	}
	if from < len(v.encoded) {
		v.vector = append(v.vector, v.encoded[from:])
	}
	return v.vector
}

// frameEnd returns where the frame ends to which byte n-1 belongs.
func (v *iovec) frameEnd(n int) int {
	i, _ := slices.BinarySearch(v.ends, n)
	return v.ends[i]
}

// copyRange returns a copy of the bytes from one index to another one, in memory from
// buffers.
func (v *iovec) copyRange(from, to int) *[]byte {
	b, at := newBuffer(), 0
	for _, piece := range v.pieces() {
		low, high := max(from, at), min(to, at+len(piece))
		if low < high {
			*b = append(*b, piece[low-at:high-at]...)
		}
		at += len(piece)
	}
	return b
}

// reset empties v and keeps its memory.
func (v *iovec) reset() {
	clear(v.large)
	clear(v.vector)
	v.encoded, v.large, v.vector, v.ends, v.size = v.encoded[:0], v.large[:0], v.vector[:0], v.ends[:0], 0
}
