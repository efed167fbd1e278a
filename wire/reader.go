package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	// bufferSize is the buffer of a quiet connection, in bytes.
	bufferSize = 4 << 10
	// blockSize is the buffer of a busy connection, in bytes.
	blockSize = 128 << 10
	// aheadMax is how many bytes a Reader allocates at most for bytes that were
	// announced and have not arrived.
	aheadMax = 1 << 20
)

// Reader reads frames. It is not safe for concurrent use.
//
// A node has many connections, and most are idle. So a Reader owns only a small
// buffer. While its connection delivers more than that holds, it borrows a large block
// from a pool.
type Reader struct {
	r        io.Reader
	small    []byte
	block    *[blockSize]byte // nil while the small buffer is used
	buf      []byte           // small or block[:]
	from, to int              // buf[from:to] was read and not returned yet
	came     int              // bytes that the last read returned
	limit    int
	begun    bool  // a frame has arrived, so the peer speaks chandy
	err      error // first error; sticky

	// State of the current frame, kept here so that it is not allocated per frame:
	header  [HeaderSize]byte
	decoder decoder
}

// NewReader returns a Reader of r that refuses payloads of more than limit bytes. A listener begins with HelloMax, a dialler with AnswerMax.
func NewReader(r io.Reader, limit int) *Reader {
	small := make([]byte, bufferSize)
	return &Reader{r: r, small: small, buf: small, limit: limit}
}

// SetLimit sets the longest payload, in bytes, from the next frame on. Each
// type has its own limit too, so that FrameMax lifts the Reader's.
func (r *Reader) SetLimit(limit int) { r.limit = limit }

// Read returns the next frame. Bodies and chunks in it lie in the buffer of the Reader:
// they are valid until Read is called while Buffered is 0. Everything else is a copy.
//
// The error is io.EOF if the stream ends between two frames. It wraps
// io.ErrUnexpectedEOF if the stream ends within a frame, and ErrViolation if the peer
// is at fault. It is a *ForeignError if the first bytes are not chandy's. Otherwise it
// wraps the error of the connection. After an error the place in the stream is lost,
// so every later Read returns the same error.
func (r *Reader) Read() (Frame, error) {
	if r.err != nil {
		return nil, r.err
	}
	f, err := r.read()
	if err != nil {
		r.err = err
		return nil, err
	}
	r.begun = true
	return f, nil
}

// Buffered returns the length of the next frame, header included, if all of it has
// been read from the connection already. Otherwise it returns 0, and Read may block. A header that will be refused counts as a whole frame.
func (r *Reader) Buffered() int {
	n := r.to - r.from
	if r.err != nil || n < HeaderSize {
		return 0
	}
	_, length, err := parseHeader(r.buf[r.from:r.from+HeaderSize], r.limit)
	if err != nil {
		return HeaderSize
	}
	if n < HeaderSize+length {
		return 0
	}
	return HeaderSize + length
}

func (r *Reader) read() (Frame, error) {
	if err := r.readHeader(); err != nil {
		return nil, err
	}
	header := r.header[:]
	typ, length, err := parseHeader(header, r.limit)
	if err != nil {
		return nil, err
	}
	payload, err := r.readPayload(length)
	if err != nil {
		return nil, fmt.Errorf("in a %s frame: %w", typ, unexpected(err))
	}
	if checksum(header, payload) != binary.BigEndian.Uint32(header[checkedSize:]) {
		return nil, violation("%s frame: %w", typ, ErrChecksum)
	}
	f, err := r.decoder.frame(typ, payload)
	r.decoder = decoder{} // it must not keep the payload
	return f, err
}

// readHeader reads into header. It checks the magic as soon as its two bytes arrive,
// because a foreign peer may never send as many bytes as a header has.
func (r *Reader) readHeader() error {
	if r.from == r.to {
		r.startOver()
	}
	if err := r.fill(2); err != nil {
		if r.from == r.to {
			return err
		}
		return fmt.Errorf("in a header: %w", unexpected(err))
	}
	if first := r.buf[r.from:r.to]; !r.begun && (first[0] != magic0 || first[1] != magic1) {
		return foreign(bytes.Clone(first))
	}
	if err := r.fill(HeaderSize); err != nil {
		return fmt.Errorf("in a header: %w", unexpected(err))
	}
	r.from += copy(r.header[:], r.buf[r.from:])
	return nil
}

// startOver uses the buffer from its beginning. The caller must have returned all that
// was in it. A block goes back to the pool if the last read would have fitted into the
// small buffer.
func (r *Reader) startOver() {
	if r.block != nil && r.came < bufferSize {
		blocks.Put(r.block)
		r.block, r.buf = nil, r.small
	}
	r.from, r.to = 0, 0
}

// blocks are the buffers of busy connections.
var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

// fill reads until n bytes are buffered. The buffer must be able to hold n bytes.
func (r *Reader) fill(n int) error {
	for r.to-r.from < n {
		if n > len(r.buf)-r.from {
			r.from, r.to = 0, copy(r.buf, r.buf[r.from:r.to])
		}
		k, err := r.r.Read(r.buf[r.to:])
		r.to += k
		r.came = k
		if k == 0 && err != nil {
			return err
		}
		if k == bufferSize && r.limit > HelloMax {
			r.takeBlock()
		}
	}
	return nil
}

// takeBlock moves from the small buffer to a block.
func (r *Reader) takeBlock() {
	if r.block == nil {
		r.block = blocks.Get().(*[blockSize]byte)
		r.from, r.to, r.buf = 0, copy(r.block[:], r.buf[r.from:r.to]), r.block[:]
	}
}

// readPayload returns the next n bytes.
func (r *Reader) readPayload(n int) ([]byte, error) {
	if n > len(r.buf) {
		return r.readOwn(n)
	}
	if err := r.fill(n); err != nil {
		return nil, err
	}
	payload := r.buf[r.from : r.from+n : r.from+n]
	r.from += n
	return payload, nil
}

// readOwn reads n bytes that the buffer cannot hold. It allocates at most aheadMax
// bytes beyond those that have arrived.
func (r *Reader) readOwn(n int) ([]byte, error) {
	var came [][]byte
	for have := 0; n-have > aheadMax; have += aheadMax {
		piece := make([]byte, aheadMax)
		if err := r.readFull(piece); err != nil {
			return nil, err
		}
		came = append(came, piece)
	}
	payload := make([]byte, n)
	end := 0
	for _, piece := range came {
		end += copy(payload[end:], piece)
	}
	return payload, r.readFull(payload[end:])
}

// readFull fills b from the buffer, then from the connection.
func (r *Reader) readFull(b []byte) error {
	n := copy(b, r.buf[r.from:r.to])
	r.from += n
	_, err := io.ReadFull(r.r, b[n:])
	return err
}

// unexpected turns io.EOF into io.ErrUnexpectedEOF, for an end within a frame.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
