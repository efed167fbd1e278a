package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// What decodes encodes back to identical bytes.
func FuzzDecode(f *testing.F) {
	for _, g := range goldens {
		f.Add(uint8(g.frame.Type()), unhex(f, g.hex)[HeaderSize:])
	}
	f.Fuzz(func(t *testing.T, typ uint8, payload []byte) {
		frame, err := Decode(Type(typ), bytes.Clone(payload))
		if err != nil {
			if !errors.Is(err, ErrViolation) {
				t.Errorf("%v is no violation", err)
			}
			return
		}
		if frame.Type() != Type(typ) || frame.String() == "" {
			t.Errorf("type %d decodes as %s", typ, frame)
		}
		whole := Append(nil, frame)
		if !bytes.Equal(whole[HeaderSize:], payload) {
			t.Errorf("%s\n  read %x\nwrites %x", frame, payload, whole[HeaderSize:])
		}
		if _, err := only(whole); err != nil {
			t.Errorf("%s: %v", frame, err)
		}
	})
}

// A stream gives the same frames however it comes in pieces, their bytes are
// those of the stream, and every end has its reason. The fuzzer cannot guess
// checksums: those of the frames in its stream are made good first.
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
		stream = mendChecksums(bytes.Clone(stream))
		var ends [2]error
		var read [2][]byte
		for i, r := range []io.Reader{bytes.NewReader(stream), iotest.OneByteReader(bytes.NewReader(stream))} {
			reader := NewReader(r, limit)
			for ends[i] == nil {
				ahead := reader.Buffered()
				frame, err := reader.Read()
				if err != nil {
					ends[i] = err
					break
				}
				n := len(read[i])
				read[i] = Append(read[i], frame)
				if n = len(read[i]) - n; ahead != 0 && ahead != n || n-HeaderSize > limit {
					t.Errorf("%s has %d bytes; %d were announced, the limit is %d", frame, n, ahead, limit)
				}
			}
			if !bytes.HasPrefix(stream, read[i]) {
				t.Errorf("%x\nreads as %x", stream, read[i])
			}
			if (ends[i] == io.EOF) != (len(read[i]) == len(stream)) {
				t.Errorf("%d of %d bytes, then %v", len(read[i]), len(stream), ends[i])
			}
			if ends[i] != io.EOF && errors.Is(ends[i], io.ErrUnexpectedEOF) == errors.Is(ends[i], ErrViolation) {
				t.Errorf("ends with %v", ends[i])
			}
		}
		if !bytes.Equal(read[0], read[1]) || errors.Is(ends[0], ErrViolation) != errors.Is(ends[1], ErrViolation) {
			t.Errorf("%d bytes, then %v; bytewise %d bytes, then %v", len(read[0]), ends[0], len(read[1]), ends[1])
		}
	})
}

// mendChecksums seals the frames that the stream consists of, in place.
func mendChecksums(stream []byte) []byte {
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
