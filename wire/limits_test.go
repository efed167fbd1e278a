package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A frame of each type may be as long as the limit of the type, or as that of the reader,
// if it is lower, and not a byte longer.
func TestFramesOfTheLimitAreRead(t *testing.T) {
	for typ := TypeHello; typ <= TypeStage; typ++ {
		for _, limit := range []int{HelloMax, AnswerMax, ChunkMax + HelloMax, FrameMax} {
			most := min(types[typ].max, limit)
			for _, length := range []int{most - 1, most, most + 1} {
				_, err := NewReader(bytes.NewReader(header(Version, typ, uint32(length))), limit).Read()
				if refused := errors.Is(err, ErrViolation); refused != (length > most) {
					t.Errorf("%s of %d bytes, limit %d: got error %v, want a violation: %t", typ, length, limit, err, length > most)
				}
			}
		}
	}
}

// The limits of what a frame contains hold one below, at and one above.
func TestFieldsOfTheLimitAreRead(t *testing.T) {
	x := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	for _, test := range []struct {
		name string
		most int
		typ  Type
		body func(n int) []byte
	}{
		{"name", NameMax, TypeRefuse, func(n int) []byte { return fields(string(x(n)), "") }},
		{"text", TextMax, TypeRefuse, func(n int) []byte { return fields("busy", string(x(n))) }},
		{"message in one frame", FragmentMax, TypeData, func(n int) []byte { return fields(1, 0, 1, n, x(n)) }},
		{"fragment", FragmentMax, TypeFragment, func(n int) []byte { return fields(1, 0, MessageMax, 0, x(n)) }},
		{"message in fragments", MessageMax, TypeFragment, func(n int) []byte { return fields(1, 0, n, 0, x(1)) }},
		{"chunk", ChunkMax, TypeChunk, func(n int) []byte { return fields("s", "p1", 0, 0, 0, x(n)) }},
		{"reply", ChunkMax, TypeReply, func(n int) []byte { return fields(1, 2, x(n)) }},
	} {
		for _, n := range []int{test.most - 1, test.most, test.most + 1} {
			_, err := Decode(test.typ, test.body(n))
			if refused := err != nil; refused != (n > test.most) {
				t.Errorf("%s of %d bytes: got error %v, want an error: %t", test.name, n, err, n > test.most)
			}
		}
	}
}

// A channel in a section may have 64 resets.
func TestResetsOfTheLimitAreRead(t *testing.T) {
	for n, want := range map[int]string{resetsMax - 1: "", resetsMax: "", resetsMax + 1: fmt.Sprintf("%d resets, more than %d", resetsMax+1, resetsMax)} {
		closed := append(fields(1, "p2", "k", 0, 0, n), bytes.Repeat(fields("", "", 0, 0), n)...)
		_, err := DecodeSection("p1", "i", [][]byte{rawPiece(pieceClosed, closed)}, 1)
		if got := fmt.Sprint(err); strings.Contains(got, "resets, more than") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%d resets: got error %v, want %q in it", n, err, want)
		}
	}
}
