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
	// bufferSize is what a Reader holds for a connection that says little.
	bufferSize = 4 << 10
	// blockSize is what it takes at a time from one that says much.
	blockSize = 128 << 10
	// aheadMax is the most memory that a Reader takes for bytes that were
	// announced and have not come.
	aheadMax = 1 << 20
)

// Reader reads frames. It is for one goroutine.
//
// It has a small buffer of its own. While the connection has more ready than that
// holds, it takes a block instead; an idle connection has none.
type Reader struct {
	r        io.Reader
	small    []byte
	block    *[blockSize]byte // nil: the buffer is small
	buf      []byte           // small or the block
	from, to int              // buf[from:to] was read and not given yet
	came     int              // bytes, when last something was read
	limit    int
	begun    bool  // a frame has come: the peer speaks chandy
	err      error // the first; the last too

	// Of the frame that is being read, here so that none takes memory for them:
	header  [HeaderSize]byte
	decoder decoder
}

// NewReader gives a Reader of r that refuses frames of more than limit bytes
// of payload. A listener begins with HelloMax, a dialler with AnswerMax.
func NewReader(r io.Reader, limit int) *Reader {
	small := make([]byte, bufferSize)
	return &Reader{r: r, small: small, buf: small, limit: limit}
}

// SetLimit sets the longest payload, in bytes, from the next frame on. Each
// type has its own limit too, so that FrameMax lifts the Reader's.
func (r *Reader) SetLimit(limit int) { r.limit = limit }

// Read gives the next frame. Bodies and chunks in it are lent until a Read that is
// called while Buffered is 0; everything else is its own.
//
// The error is io.EOF at the end between two frames, and holds
// io.ErrUnexpectedEOF within one; it holds ErrViolation if the peer is at
// fault, is a *ForeignError if the first bytes are not chandy's, and holds
// what reading failed with in all other cases. After an error the place in the
// stream is lost: Read gives the same error for ever.
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

// Buffered is the length of the next frame, header included, if all of it has
// been read from the connection already, otherwise 0. While it is not 0, Read
// does not block. A header that will be refused counts as a whole frame.
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

// readHeader reads into header. It looks at the magic as soon as that is there: a
// foreign peer may never send as much as a header.
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

// startOver uses the buffer from its beginning, when all in it has been given. A
// block is given back if the small buffer would have done.
func (r *Reader) startOver() {
	if r.block != nil && r.came < bufferSize {
		blocks.Put(r.block)
		r.block, r.buf = nil, r.small
	}
	r.from, r.to = 0, 0
}

// blocks are the buffers of busy connections.
var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

// fill reads until n bytes are there, which the buffer can hold.
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

// takeBlock goes on in a block.
func (r *Reader) takeBlock() {
	if r.block == nil {
		r.block = blocks.Get().(*[blockSize]byte)
		r.from, r.to, r.buf = 0, copy(r.block[:], r.buf[r.from:r.to]), r.block[:]
	}
}

// readPayload gives the next n bytes.
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

// readOwn reads n bytes into memory of their own, of which at no time more than
// aheadMax waits for bytes that have not come.
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

// unexpected is err within a frame, where the stream must not end.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
