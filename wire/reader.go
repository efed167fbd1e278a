package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// bufferSize is what a Reader holds for a connection that says nothing.
	bufferSize = 4 << 10
	// aheadMax is the most memory that a Reader takes for bytes that were
	// announced and have not come.
	aheadMax = 1 << 20
)

// Reader reads frames. It is for one goroutine.
type Reader struct {
	b     *bufio.Reader
	limit int
	begun bool  // a frame has come: the peer speaks chandy
	err   error // the first; the last too
}

// NewReader gives a Reader of r that refuses frames of more than limit bytes
// of payload. A listener begins with HelloMax, a dialler with AnswerMax.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{b: bufio.NewReaderSize(r, bufferSize), limit: limit}
}

// SetLimit sets the longest payload, in bytes, from the next frame on. Each
// type has its own limit too, so that FrameMax lifts the Reader's.
func (r *Reader) SetLimit(limit int) { r.limit = limit }

// Read gives the next frame. Its memory is its own.
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
	n := r.b.Buffered()
	if r.err != nil || n < HeaderSize {
		return 0
	}
	header, _ := r.b.Peek(HeaderSize)
	_, length, err := parseHeader(header, r.limit)
	if err != nil {
		return HeaderSize
	}
	if n < HeaderSize+length {
		return 0
	}
	return HeaderSize + length
}

func (r *Reader) read() (Frame, error) {
	var header [HeaderSize]byte
	if err := r.readHeader(header[:]); err != nil {
		return nil, err
	}
	typ, length, err := parseHeader(header[:], r.limit)
	if err != nil {
		return nil, err
	}
	payload, err := readPayload(r.b, length)
	if err != nil {
		return nil, fmt.Errorf("in a %s frame: %w", typ, unexpected(err))
	}
	if checksum(header[:], payload, nil) != binary.BigEndian.Uint32(header[checkedSize:]) {
		return nil, violation("%s frame: %w", typ, ErrChecksum)
	}
	return Decode(typ, payload)
}

// readHeader fills header. It looks at the magic as soon as that is there: a
// foreign peer may never send as much as a header.
func (r *Reader) readHeader(header []byte) error {
	first, err := r.b.Peek(2)
	if err != nil {
		if len(first) == 0 {
			return err
		}
		return fmt.Errorf("in a header: %w", unexpected(err))
	}
	if !r.begun && (first[0] != magic0 || first[1] != magic1) {
		first, _ = r.b.Peek(r.b.Buffered())
		return foreign(first)
	}
	if _, err := io.ReadFull(r.b, header); err != nil {
		return fmt.Errorf("in a header: %w", unexpected(err))
	}
	return nil
}

// readPayload reads n bytes into memory of their own, of which at no time more
// than aheadMax waits for bytes that have not come.
func readPayload(r io.Reader, n int) ([]byte, error) {
	var came [][]byte
	left := n
	for ; left > aheadMax; left -= aheadMax {
		piece := make([]byte, aheadMax)
		if _, err := io.ReadFull(r, piece); err != nil {
			return nil, err
		}
		came = append(came, piece)
	}
	payload := make([]byte, n)
	end := 0
	for _, piece := range came {
		end += copy(payload[end:], piece)
	}
	_, err := io.ReadFull(r, payload[end:])
	return payload, err
}

// unexpected is err within a frame, where the stream must not end.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
