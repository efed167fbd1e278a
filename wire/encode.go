package wire

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf8"
)

// appendUint appends a number as unsigned LEB128, which encoding/binary calls an
// unsigned varint. It is in its shortest form.
func appendUint[U ~uint8 | ~uint64](b []byte, n U) []byte {
	return binary.AppendUvarint(b, uint64(n))
}

// appendName appends a string of at most NameMax bytes. A panic about it names the
// field.
func appendName[S ~string](b []byte, field string, s S) []byte {
	if len(s) > NameMax {
		bug("%s has %d bytes, more than %d", field, len(s), NameMax)
	}
	if !utf8.ValidString(string(s)) {
		bug("%s %q is not UTF-8", field, s)
	}
	return appendString(b, string(s))
}

// appendText appends a text for people. A text can quote what a user or a peer wrote,
// so a bad one must not end the node: it is cut to TextMax bytes, and bytes that are not
// UTF-8 become U+FFFD.
func appendText(b []byte, s string) []byte {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > TextMax {
		end := TextMax
		for !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	return appendString(b, s)
}

func appendString(b []byte, s string) []byte {
	b = appendUint(b, uint64(len(s)))
	return append(b, s...)
}

// appendDuration appends a length of time in whole microseconds, rounded down. A
// negative one becomes 0.
func appendDuration(b []byte, d time.Duration) []byte {
	return appendUint(b, uint64(max(d, 0)/time.Microsecond))
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendChunk appends at most ChunkMax bytes without their length. They must be the last
// field of the payload.
func appendChunk(b []byte, field string, chunk []byte) []byte {
	if len(chunk) > ChunkMax {
		bug("%s has %d bytes, more than %d", field, len(chunk), ChunkMax)
	}
	return append(b, chunk...)
}
