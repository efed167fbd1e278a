package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"chandy/snapshot"
)

// FuzzDecode checks that a payload that decodes is encoded to identical bytes.
func FuzzDecode(f *testing.F) {
	for _, g := range goldens {
		f.Add(uint8(g.frame.Type()), unhex(f, g.hex)[HeaderSize:])
	}
	f.Add(uint8(TypeMarker), Append(nil, Marker{Ordinal: 1, Snapshot: "S", Assembler: "p1", Wants: snapshot.Wants{Save: true, Light: true, Hold: true}})[HeaderSize:])
	f.Fuzz(func(t *testing.T, typ uint8, payload []byte) {
		frame, err := Decode(Type(typ), bytes.Clone(payload))
		if err != nil {
			if !errors.Is(err, ErrViolation) {
				t.Errorf("got error %v, want a violation", err)
			}
			return
		}
		if frame.Type() != Type(typ) || frame.String() == "" {
			t.Errorf("type %d: got %q of %s", typ, frame, frame.Type())
		}
		whole := Append(nil, frame)
		if !bytes.Equal(whole[HeaderSize:], payload) {
			t.Errorf("%s:\n got %x\nwant %x", frame, whole[HeaderSize:], payload)
		}
		if _, err := only(whole); err != nil {
			t.Errorf("%s: got error %v, want the frame", frame, err)
		}
	})
}

// FuzzReader reads a stream as a whole and byte by byte. Both must return the same
// frames, the frames must have the bytes of the stream, and the last error must fit. The
// fuzzer cannot guess checksums, so they are corrected first.
func FuzzReader(f *testing.F) {
	var all []byte
	for _, g := range goldens {
		b := unhex(f, g.hex)
		f.Add(b, HelloMax)
		all = append(all, b...)
	}
	f.Add(all, FrameMax)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), HelloMax)
	f.Add(header(1, TypeData, 1<<32-1), FrameMax)
	f.Fuzz(func(t *testing.T, stream []byte, limit int) {
		stream = fixChecksums(bytes.Clone(stream))
		var ends [2]error
		var read [2][]byte
		for i, r := range []io.Reader{bytes.NewReader(stream), iotest.OneByteReader(bytes.NewReader(stream))} {
			reader := NewReader(r, limit)
			for ends[i] == nil {
				buffered := reader.Buffered()
				frame, err := reader.Read()
				if err != nil {
					ends[i] = err
					break
				}
				n := len(read[i])
				read[i] = Append(read[i], frame)
				if n = len(read[i]) - n; buffered != 0 && buffered != n || n-HeaderSize > limit {
					t.Errorf("%s: got %d bytes, want %d as buffered, and a payload of at most %d", frame, n, buffered, limit)
				}
			}
			if !bytes.HasPrefix(stream, read[i]) {
				t.Errorf("got the frames %x, want the beginning of %x", read[i], stream)
			}
			if (ends[i] == io.EOF) != (len(read[i]) == len(stream)) {
				t.Errorf("got error %v after %d of %d bytes, want io.EOF only after all", ends[i], len(read[i]), len(stream))
			}
			if ends[i] != io.EOF && errors.Is(ends[i], io.ErrUnexpectedEOF) == errors.Is(ends[i], ErrViolation) {
				t.Errorf("got error %v, want either an unexpected end or a violation", ends[i])
			}
		}
		if !bytes.Equal(read[0], read[1]) || errors.Is(ends[0], ErrViolation) != errors.Is(ends[1], ErrViolation) {
			t.Errorf("got %d bytes and %v as a whole, and %d bytes and %v bytewise, want the same", len(read[0]), ends[0], len(read[1]), ends[1])
		}
	})
}

// fixChecksums corrects the checksums of the frames in a stream, in place.
func fixChecksums(stream []byte) []byte {
	for rest := stream; len(rest) >= HeaderSize; {
		typ, length, err := parseHeader(rest, FrameMax)
		if err != nil || length > len(rest)-HeaderSize {
			break
		}
		seal(rest[:HeaderSize+length], typ)
		rest = rest[HeaderSize+length:]
	}
	return stream
}

// FuzzDecodeControl checks that a request that decodes is encoded to one that decodes to the
// same.
func FuzzDecodeControl(f *testing.F) {
	for _, body := range []string{
		`{"type":"initiate","at":["p1"],"timeout_ms":10000,"compact":true,"progress":true,"journal":true}`, `{"type":"status","wait":true}`,
		`{"type":"call","request":{"type":"balance"}}`, `{"type":"call","request":"\u2028"}`, `{"type":"restore"}`, `{"type":7}`, `[]`, `{`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := DecodeControl(body)
		if err != nil {
			return
		}
		again, err := EncodeControl(c)
		if err != nil {
			t.Fatalf("%q: got error %v, want the body of %#v", body, err, c)
		}
		if d, err := DecodeControl(again); err != nil || Needs(d) != Needs(c) || RequestType(d) != RequestType(c) {
			t.Fatalf("%q: got %#v, error %v, want %#v", body, d, err, c)
		}
	})
}
