package netnode

import "chandy/wire"

// bundle is frames on their way to one write: the bodies of large data frames where
// they lie in the outbox, everything else encoded into memory of its own.
type bundle struct {
	encoded []byte
	bodies  []body
	size    int      // bytes in all
	vector  [][]byte // used by pieces
}

// body is that of a data frame, whose place is at an index of what is encoded.
type body struct {
	at    int
	bytes []byte
}

const (
	// bodyMin is how long a body must be for it to be cheaper to point at than to
	// copy, in bytes.
	bodyMin = 2 << 10
	// bodiesMax bounds the bodies in a bundle.
	bodiesMax = 32
)

// add puts a frame behind the others. The body of a data frame is lent until reset.
func (b *bundle) add(f wire.Frame) {
	before := len(b.encoded)
	data, ok := f.(wire.Data)
	if !ok || len(data.Batch.Body) < bodyMin {
		b.encoded = wire.Append(b.encoded, f)
		b.size += len(b.encoded) - before
		return
	}
	b.encoded = data.AppendHead(b.encoded)
	b.bodies = append(b.bodies, body{len(b.encoded), data.Batch.Body})
	b.size += len(b.encoded) - before + len(data.Batch.Body)
}

// full tells that it is enough for a write.
func (b *bundle) full() bool { return b.size >= writeBatch || len(b.bodies) == bodiesMax }

// pieces is all of it, in order, until the next add.
func (b *bundle) pieces() [][]byte {
	b.vector = b.vector[:0]
	from := 0
	for _, one := range b.bodies {
		b.vector = append(b.vector, b.encoded[from:one.at], one.bytes)
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
	clear(b.bodies)
	clear(b.vector)
	b.encoded, b.bodies, b.vector, b.size = b.encoded[:0], b.bodies[:0], b.vector[:0], 0
}
