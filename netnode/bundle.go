package netnode

import "chandy/wire"

// bundle is frames on their way to one write: large messages and states where they
// lie, everything else encoded into memory of its own.
type bundle struct {
	encoded []byte
	large   []large
	size    int      // bytes in all
	vector  [][]byte // used by pieces
}

// large is bytes whose place is before an index of what is encoded.
type large struct {
	at    int
	bytes []byte
}

// add puts a frame behind the others. Bodies and chunks are lent until reset.
func (b *bundle) add(f wire.Frame) {
	before := len(b.encoded)
	switch f := f.(type) {
	case wire.Data:
		b.encoded = f.AppendHead(b.encoded)
		b.put(f.Batch.Body)
	case wire.Chunk:
		b.encoded = f.AppendHead(b.encoded)
		for _, bytes := range f.Bytes {
			b.put(bytes)
		}
	default:
		b.encoded = wire.Append(b.encoded, f)
	}
	b.size += len(b.encoded) - before
}

// put puts bytes behind what is there.
func (b *bundle) put(bytes []byte) {
	if len(bytes) < wire.ReferMin {
		b.encoded = append(b.encoded, bytes...)
		return
	}
	b.large = append(b.large, large{len(b.encoded), bytes})
	b.size += len(bytes)
}

// full tells that it is enough for a write.
func (b *bundle) full() bool { return b.size >= writeBatch }

// pieces is all of it, in order, until the next add or pieces.
func (b *bundle) pieces() [][]byte {
	b.vector = b.vector[:0]
	from := 0
	for _, one := range b.large {
		if from < one.at {
			b.vector = append(b.vector, b.encoded[from:one.at])
		}
		b.vector = append(b.vector, one.bytes)
		from = one.at
	}
	if from < len(b.encoded) {
		b.vector = append(b.vector, b.encoded[from:])
	}
	return b.vector
}

// appendRest appends a copy of all after the first n bytes.
func (b *bundle) appendRest(to []byte, n int) []byte {
	for _, piece := range b.pieces() {
		skip := min(n, len(piece))
		to = append(to, piece[skip:]...)
		n -= skip
	}
	return to
}

// reset empties it.
func (b *bundle) reset() {
	clear(b.large)
	clear(b.vector)
	b.encoded, b.large, b.vector, b.size = b.encoded[:0], b.large[:0], b.vector[:0], 0
}
