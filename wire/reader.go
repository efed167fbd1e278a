package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Reader reads frames from a connection. It is not safe for concurrent use, but for
// SetLimit.
//
// Messages and chunks can be large, so Read does not copy them: in the frames that it
// returns they refer to the memory of the Reader. Read says how long they are valid.
type Reader struct {
	memory
	err   error // first error; sticky
	spoke bool  // the peer has sent a whole frame

	// State of the current frame, kept here so that it is not allocated per frame:
	header  [HeaderSize]byte
	decoder decoder
}

// NewReader returns a Reader of r that refuses payloads of more than limit bytes. A
// listener begins with HelloMax and a dialler with AnswerMax, because the peer may be a
// stranger until the connection is accepted.
func NewReader(r io.Reader, limit int) *Reader {
	reader := &Reader{}
	reader.init(r, limit)
	return reader
}

// SetLimit sets the longest payload, in bytes, from the next header on. Each type of
// frame has a limit of its own too, at most FrameMax. The lower of the two applies.
// SetLimit may be called while another goroutine reads.
func (r *Reader) SetLimit(limit int) { r.limit.Store(int64(limit)) }

// Read returns the next frame. Messages and chunks in it refer to memory of the Reader.
// They are valid until the next Read that begins while Buffered is 0. So a caller can
// read all frames that are buffered and handle them together. A chunk of more than KeptMin
// bytes remains valid. Everything else in a frame is a copy.
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
	if err := r.await(); err != nil {
		r.err = err
		return nil, err
	}
	f, err := r.read()
	if err != nil {
		r.err = err
		return nil, err
	}
	r.spoke = true
	return f, nil
}

// Buffered returns the length of the next frame, header included, if all of it has
// been read from the connection already. Otherwise it returns 0, and Read may block.
// For a header that Read will refuse it returns HeaderSize.
func (r *Reader) Buffered() int {
	n := r.to - r.from
	if r.err != nil || n < HeaderSize {
		return 0
	}
	_, length, err := parseHeader(r.buf[r.from:r.from+HeaderSize], int(r.limit.Load()))
	if err != nil {
		return HeaderSize
	}
	if n < HeaderSize+length {
		return 0
	}
	return HeaderSize + length
}

// await waits for the first byte of a frame. An idle connection waits here rather than in
// readHeader because less of the stack is in use here. The garbage collector shrinks the
// stack of an idle reader to 4 KiB only if less than 2 KiB of it are in use (chandy bench
// --only memory: 14.3 KiB without await, 12.0 with it).
func (r *Reader) await() error {
	if r.from != r.to {
		return nil
	}
	r.rewind()
	return r.fill(1)
}

func (r *Reader) read() (Frame, error) {
	if err := r.readHeader(); err != nil {
		return nil, err
	}
	header := r.header[:]
	typ, length, err := parseHeader(header, int(r.limit.Load()))
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
	r.decoder = decoder{} // the decoder must not keep the payload alive
	return f, err
}

// readHeader reads the next header. It checks the magic of the first frame as soon as
// its two bytes arrive, because a foreign peer may send fewer bytes than a header has
// and then wait.
func (r *Reader) readHeader() error {
	if err := r.fill(2); err != nil {
		return fmt.Errorf("in a header: %w", unexpected(err))
	}
	if first := r.buf[r.from:r.to]; !r.spoke && (first[0] != magic0 || first[1] != magic1) {
		return foreign(first)
	}
	if err := r.fill(HeaderSize); err != nil {
		return fmt.Errorf("in a header: %w", unexpected(err))
	}
	r.from += copy(r.header[:], r.buf[r.from:]) // reading the payload may move the buffer
	return nil
}

// unexpected turns io.EOF into io.ErrUnexpectedEOF, for an end within a frame.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
