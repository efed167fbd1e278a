package wire

import (
	"io"
	"sync"
	"sync/atomic"
)

// KeptMin is a length in bytes. A chunk that is longer lies in memory of its own, which the
// Reader never uses again: a caller may keep it without a copy.
const KeptMin = 128 << 10

const (
	// bufferSize is the size of a Reader's own buffer, in bytes.
	bufferSize = 4 << 10
	// blockSize is the size of the buffer of a busy connection, in bytes.
	blockSize = KeptMin
	// For bytes that a header announced and that have not arrived, a Reader allocates about
	// as many as have arrived, but at least unarrivedMin and at most unarrivedMax. A header
	// alone must cost little, because many clients can send one.
	unarrivedMin = 64 << 10
	unarrivedMax = 1 << 20
)

// memory reads bytes from a connection ahead of the frames in which they are used.
//
// A node has many connections, and most of them are idle. So each owns only a small
// buffer. A read that fills the small buffer shows that the connection is busy. From
// then on it uses a large block, which it borrows from a pool. It returns the block
// when a read would have fitted into the small buffer. A payload that is larger than
// the buffer in use gets memory of its own.
type memory struct {
	r        io.Reader
	limit    atomic.Int64     // longest payload that is accepted at present, in bytes
	small    []byte           // own buffer
	block    *[blockSize]byte // borrowed buffer, or nil
	buf      []byte           // buffer in use: small or block[:]
	from, to int              // buf[from:to] was read from r and not returned yet
	lastRead int              // bytes that the last read into buf returned
}

// blocks is the pool of the buffers of busy connections.
var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

func (m *memory) init(r io.Reader, limit int) {
	m.r, m.small = r, make([]byte, bufferSize)
	m.buf = m.small
	m.limit.Store(int64(limit))
}

// rewind starts again at the beginning of a buffer: of the small one if the last read
// would have fitted into it. All bytes must have been returned. Afterwards the frames
// that refer to the buffer are no longer valid.
func (m *memory) rewind() {
	if m.block != nil && m.lastRead < bufferSize {
		blocks.Put(m.block)
		m.block, m.buf = nil, m.small
	}
	m.from, m.to = 0, 0
}

// fill reads until buf[from:to] has at least n bytes. The buffer in use must have room
// for n bytes.
func (m *memory) fill(n int) error {
	for m.to-m.from < n {
		if n > len(m.buf)-m.from {
			m.from, m.to = 0, copy(m.buf, m.buf[m.from:m.to])
		}
		k, err := m.r.Read(m.buf[m.to:])
		m.to += k
		m.lastRead = k
		if k == 0 && err != nil {
			return err
		}
		// A stranger, whose hello has not been accepted, gets no block.
		if k == bufferSize && m.limit.Load() > HelloMax {
			m.takeBlock()
		}
	}
	return nil
}

// takeBlock moves from the small buffer to a block.
func (m *memory) takeBlock() {
	if m.block == nil {
		m.block = blocks.Get().(*[blockSize]byte)
		m.from, m.to, m.buf = 0, copy(m.block[:], m.buf[m.from:m.to]), m.block[:]
	}
}

// readPayload returns the next n bytes.
func (m *memory) readPayload(n int) ([]byte, error) {
	if n > len(m.buf) {
		return m.readLarge(n)
	}
	if err := m.fill(n); err != nil {
		return nil, err
	}
	payload := m.buf[m.from : m.from+n : m.from+n]
	m.from += n
	return payload, nil
}

// readLarge returns the next n bytes, in memory of their own. A peer could announce a
// large payload and send nothing. So readLarge allocates pieces, each when the one before
// is full. When no more bytes are missing than it may allocate, it allocates the whole and
// copies the pieces into it.
func (m *memory) readLarge(n int) ([]byte, error) {
	var pieces [][]byte
	for have := 0; ; {
		arrived := have + m.to - m.from
		unarrived := min(max(arrived+bufferSize, unarrivedMin), unarrivedMax)
		if n-arrived <= unarrived {
			break
		}
		piece := make([]byte, unarrived)
		if err := m.readFull(piece); err != nil {
			return nil, err
		}
		pieces = append(pieces, piece)
		have += len(piece)
	}
	payload := make([]byte, n)
	have := 0
	for _, piece := range pieces {
		have += copy(payload[have:], piece)
	}
	return payload, m.readFull(payload[have:])
}

// readFull fills b, first with bytes that are buffered and then from the connection.
func (m *memory) readFull(b []byte) error {
	n := copy(b, m.buf[m.from:m.to])
	m.from += n
	_, err := io.ReadFull(m.r, b[n:])
	return err
}
