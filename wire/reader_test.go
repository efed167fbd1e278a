package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// header returns a header with a checksum of 0.
func header(version byte, typ Type, length uint32) []byte {
	b := []byte{0xC5, 0x85, version, byte(typ), 0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(b[4:], length)
	return b
}

func TestReaderReadsStream(t *testing.T) {
	var stream []byte
	for range 3 {
		for _, g := range goldens {
			stream = Append(stream, g.frame)
		}
	}
	for name, r := range map[string]io.Reader{
		"whole":     bytes.NewReader(stream),
		"bytewise":  iotest.OneByteReader(bytes.NewReader(stream)),
		"halves":    iotest.HalfReader(bytes.NewReader(stream)),
		"early EOF": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		reader := NewReader(r, FrameMax)
		for i := range 3 * len(goldens) {
			f, err := reader.Read()
			if err != nil {
				t.Fatalf("%s: frame %d: got error %v", name, i, err)
			}
			if want := goldens[i%len(goldens)].frame; !reflect.DeepEqual(f, want) {
				t.Fatalf("%s: frame %d: got %s, want %s", name, i, f, want)
			}
		}
		for range 2 {
			if _, err := reader.Read(); err != io.EOF {
				t.Errorf("%s: at the end: got error %v, want %v", name, err, io.EOF)
			}
		}
	}
}

// Read returns io.EOF only between two frames. A broken connection is not a violation.
func TestReaderTellsEnds(t *testing.T) {
	frame := Append(nil, Ping{Nonce: 7})
	broken := errors.New("connection reset")
	for n := range frame {
		_, err := only(frame[:n])
		switch {
		case n == 0 && err != io.EOF:
			t.Errorf("an empty stream: got error %v, want %v", err, io.EOF)
		case n > 0 && (!errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)):
			t.Errorf("%d bytes: got error %v, want %v", n, err, io.ErrUnexpectedEOF)
		}
		r := NewReader(io.MultiReader(bytes.NewReader(frame[:n]), iotest.ErrReader(broken)), FrameMax)
		for range 2 {
			if _, err := r.Read(); !errors.Is(err, broken) || errors.Is(err, ErrViolation) {
				t.Errorf("%d bytes, then a reset: got error %v, want %v and no violation", n, err, broken)
			}
		}
	}
}

// After a bad frame, Read returns no other frame.
func TestReaderStopsAtFirstError(t *testing.T) {
	bad := Append(nil, Ping{Nonce: 7})
	bad[8]++
	r := NewReader(bytes.NewReader(Append(bad, Ping{Nonce: 8})), FrameMax)
	for range 3 {
		if f, err := r.Read(); !errors.Is(err, ErrChecksum) || !errors.Is(err, ErrViolation) {
			t.Errorf("got %v, %v, want error %v", f, err, ErrChecksum)
		}
		if n := r.Buffered(); n != 0 {
			t.Errorf("after an error: got %d bytes buffered, want 0", n)
		}
	}
}

// stingy is a stream that fails the test if it is read beyond its end.
type stingy struct {
	t    *testing.T
	rest []byte
}

func (s *stingy) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		s.t.Error("got a read beyond the end, want none")
		return 0, io.EOF
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// A header that is wrong is refused before its payload is read.
func TestReaderRefusesHeader(t *testing.T) {
	for _, c := range []struct {
		header []byte
		limit  int
		want   string
	}{
		{header(0, TypePing, 1), FrameMax, "frame of version 0, this side speaks 1"},
		{header(2, TypePing, 1), FrameMax, "frame of version 2, this side speaks 1"},
		{header(1, 0, 1), FrameMax, "frame of unknown type 0"},
		{header(1, 19, 1), FrameMax, "frame of unknown type 19"},
		{header(1, 255, 1), FrameMax, "frame of unknown type 255"},
		{header(1, TypeData, 1<<32-1), FrameMax, "data frame of 4294967295 bytes, more than 69632"},
		{header(1, TypeRequest, FrameMax+1), FrameMax, "request frame of 16842753 bytes, more than 16842752"},
		{header(1, TypeRequest, FrameMax+1), 1 << 31, "request frame of 16842753 bytes, more than 16842752"},
		{header(1, TypeData, HelloMax+1), HelloMax, "data frame of 4097 bytes, more than 4096"},
		{header(1, TypeHello, HelloMax+1), FrameMax, "hello frame of 4097 bytes, more than 4096"},
		{header(1, TypeReply, ChunkMax+HelloMax+1), FrameMax, "reply frame of 266241 bytes, more than 266240"},
		{header(1, TypePing, 1), 0, "ping frame of 1 bytes, more than 0"},
		{header(1, TypePing, 1), -1, "ping frame of 1 bytes, more than -1"},
	} {
		r := NewReader(&stingy{t, c.header}, c.limit)
		_, err := r.Read()
		if err == nil || !errors.Is(err, ErrViolation) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("% x: got error %v, want a violation with %q", c.header, err, c.want)
		}
	}
	// Once the peer has spoken chandy, it is not taken for somebody else.
	r := NewReader(bytes.NewReader(append(Append(nil, Ping{}), "GET / HTTP/1.1\r\n\r\n"...)), FrameMax)
	if _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	var foreign *ForeignError
	if _, err := r.Read(); !errors.Is(err, ErrViolation) || errors.As(err, &foreign) {
		t.Errorf("HTTP after a frame: got error %v, want a violation that is no *ForeignError", err)
	}
}

func TestReaderSetLimitHoldsForNextFrame(t *testing.T) {
	small, large := Append(nil, Ping{}), Append(nil, Request{Body: make([]byte, HelloMax)})
	r := NewReader(bytes.NewReader(bytes.Join([][]byte{small, large, small, large}, nil)), HelloMax)
	for i, limit := range []int{HelloMax, FrameMax, 1} {
		r.SetLimit(limit)
		if _, err := r.Read(); err != nil {
			t.Fatalf("frame %d: got error %v", i, err)
		}
	}
	if f, err := r.Read(); err == nil {
		t.Errorf("beyond the limit: got %s, want an error", f)
	}
}

// A Reader allocates memory for a payload as its bytes arrive.
func TestReaderMemoryFollowsArrival(t *testing.T) {
	for _, c := range []struct{ arrived, want int }{
		{0, 64 << 10},
		{unarrivedMin - 1, unarrivedMin},
		{300 << 10, 2 * 300 << 10},
		{3 << 20, 4 << 20},
		{MessageMax, 2 * FrameMax},
	} {
		stream := append(header(1, TypeRequest, FrameMax), make([]byte, c.arrived)...)
		r := NewReader(bytes.NewReader(stream), FrameMax)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := r.Read()
		runtime.ReadMemStats(&after)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of a frame: got error %v, want %v", c.arrived, err, io.ErrUnexpectedEOF)
		}
		const slack = 64<<10 + blockSize
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(c.want+slack) {
			t.Errorf("%d bytes of a frame: got %d bytes allocated, want at most %d", c.arrived, got, c.want)
		}
	}
}

// Large payloads are read in pieces. Their bytes must come together in order.
func TestReaderJoinsPieces(t *testing.T) {
	for _, n := range []int{unarrivedMin - 1, unarrivedMin + 1, 2*unarrivedMin + 1, 300 << 10, unarrivedMax - 1, unarrivedMax, unarrivedMax + 1, 3*unarrivedMax - 2, 3 * unarrivedMax, 5*unarrivedMax + 7} {
		want := make([]byte, n)
		for i := range want {
			want[i] = byte(i * 2654435761 >> 13)
		}
		f, err := only(Append(nil, Request{Number: 1, Body: want}))
		if err != nil {
			t.Errorf("%d bytes: got error %v", n, err)
		} else if !bytes.Equal(f.(Request).Body, want) {
			t.Errorf("%d bytes: got other bytes, want the same", n)
		}
	}
}

// While Buffered is above 0, Read does not read from the connection.
func TestReaderBufferedIsWholeFrame(t *testing.T) {
	ping := Append(nil, Ping{Nonce: 7})
	ack := Append(nil, Ack{Position{Arrived: 5, Received: 4}})
	for cut := range ack {
		first := bytes.Join([][]byte{ping, ping, ack[:cut]}, nil)
		r := NewReader(io.MultiReader(bytes.NewReader(first), bytes.NewReader(ack[cut:])), FrameMax)
		var sizes []int
		for {
			sizes = append(sizes, r.Buffered())
			if _, err := r.Read(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if want := []int{0, len(ping), 0, 0}; !reflect.DeepEqual(sizes, want) {
			t.Errorf("cut after %d bytes: got %v, want %v", cut, sizes, want)
		}
	}
	r := NewReader(&stingy{t, append(bytes.Clone(ping), header(1, 99, 1)...)}, FrameMax)
	if _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	if got := r.Buffered(); got != HeaderSize {
		t.Errorf("a header that is refused: got %d bytes buffered, want %d", got, HeaderSize)
	}
	if _, err := r.Read(); !errors.Is(err, ErrViolation) {
		t.Errorf("a header that is refused: got error %v, want a violation", err)
	}
}

// The frames of one batch, read while Buffered is above 0, are valid together. Their
// memory is used again for the next batch, so that a busy connection allocates none.
func TestReaderReusesMemory(t *testing.T) {
	var stream []byte
	for i := range uint64(2000) {
		stream = Append(stream, Data{Batch: batch(i+1, strings.Repeat(string(rune('a'+i%26)), int(i)))})
	}
	r := NewReader(bytes.NewReader(stream), FrameMax)
	var again []byte
	blocks := map[*byte]bool{}
	for ended := false; !ended; {
		var frames []Frame
		for len(frames) == 0 || r.Buffered() > 0 {
			f, err := r.Read()
			if ended = err == io.EOF; ended {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			frames = append(frames, f)
		}
		for _, f := range frames {
			again = Append(again, f)
		}
		blocks[&r.buf[0]] = true
	}
	if !bytes.Equal(again, stream) {
		t.Error("got frames with other bytes, want the stream")
	}
	if len(stream) < 10*blockSize || len(blocks) > 4 {
		t.Errorf("got %d buffers for %d bytes, want at most 4 for at least %d", len(blocks), len(stream), 10*blockSize)
	}
}
