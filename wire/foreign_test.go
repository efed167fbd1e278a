package wire

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestForeign(t *testing.T) {
	for _, c := range []struct{ first, want string }{
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "peer speaks HTTP, not chandy"},
		{"POST /x HTTP/1.1\r\n", "peer speaks HTTP, not chandy"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "peer speaks HTTP, not chandy"},
		{"HTTP/1.1 400 Bad Request\r\n", "peer speaks HTTP, not chandy"},
		{"GE", "peer speaks HTTP, not chandy"},
		{"\x16\x03\x01\x02\x00\x01\x00", "peer speaks TLS, not chandy"},
		{"\x15\x03\x03\x00\x02\x02\x28", "peer speaks TLS, not chandy"},
		{"SSH-2.0-OpenSSH_9.6\r\n", "peer speaks SSH, not chandy"},
		{`{"type":"initiate"}` + "\n", "peer speaks JSON, not chandy"},
		{"[]", "peer speaks JSON, not chandy"},
		{"\r\n", "peer does not speak chandy: its first bytes are 0d 0a"},
		{"GETS 1\r\n\r\n", "peer does not speak chandy: its first bytes are 47 45 54 53 20 31 0d 0a"},
		{"\xC5\x86\x01\x07", "peer does not speak chandy: its first bytes are c5 86 01 07"},
		{"\x85\xC5", "peer does not speak chandy: its first bytes are 85 c5"},
		{strings.Repeat("\x00", 5000), "peer does not speak chandy: its first bytes are 00 00 00 00 00 00 00 00"},
	} {
		// The Reader must not read on, because the peer may wait for an answer.
		_, err := NewReader(&stingy{t, []byte(c.first)}, HelloMax).Read()
		var f *ForeignError
		if !errors.As(err, &f) || !errors.Is(err, ErrViolation) || err.Error() != c.want {
			t.Errorf("%.20q: got error %v, want %q", c.first, err, c.want)
		}
		// The bytes may come one by one.
		_, err = NewReader(iotest.OneByteReader(strings.NewReader(c.first)), HelloMax).Read()
		if !errors.As(err, &f) {
			t.Errorf("%.20q bytewise: got error %v, want a *ForeignError", c.first, err)
		}
	}
	for _, o := range openings {
		if o.bytes[0] == magic0 {
			t.Errorf("opening %q: got the first byte of a frame, want another", o.bytes)
		}
	}
}
