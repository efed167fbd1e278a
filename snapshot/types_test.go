package snapshot

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestProcessIDCheck(t *testing.T) {
	for _, id := range []ProcessID{"p1", "a", "7", "a.b-c_d", "client1", "c", "c1a", ProcessID(strings.Repeat("x", ProcessIDMax))} {
		if err := id.Check(); err != nil {
			t.Errorf("%s: got error %v, want none", id, err)
		}
	}
	for id, want := range map[ProcessID]string{
		"":    "is empty",
		"c1":  "is kept for clients (c followed by digits)",
		"c42": "is kept for clients (c followed by digits)",
		"P1":  "must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit",
		"-a":  "must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit",
		"a.":  "must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit",
		"a\n": "must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit",
		"a>b": "must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit",
		ProcessID(strings.Repeat("x", ProcessIDMax+1)): "has 65 bytes, more than 64",
	} {
		if err := id.Check(); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", id, err, want)
		}
	}
}

func TestStateResolve(t *testing.T) {
	later := State{Encode: func(w io.Writer) error {
		_, err := io.WriteString(w, "7")
		return err
	}}
	if got := later.Resolve(); string(got.Bytes) != "7" || got.Encode != nil || got.Error != "" {
		t.Errorf("got %+v, want the bytes 7 alone", got)
	}
	if later.String() != "state to be encoded" || later.Resolve().String() != "state 7" {
		t.Errorf("got %s and %s, want state to be encoded and state 7", later, later.Resolve())
	}
	bad := State{Bytes: []byte("old"), Encode: func(w io.Writer) error {
		io.WriteString(w, "half") //nolint:errcheck // into memory
		return errTest
	}}
	if got := bad.Resolve(); got.Bytes != nil || got.Error != "test" || got.String() != "state error: test" {
		t.Errorf("got %+v, want the error test and no bytes", got)
	}
}

// A state that is encoded takes little more memory than it has bytes, however it is written.
func TestResolveTakesLittleMemory(t *testing.T) {
	for _, size := range []int{1, 1000, blockMax, blockMax + 1, 10 << 20} {
		for _, piece := range []int{7, 4096, 1 << 20, 20 << 20} {
			text := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
			s := State{Encode: func(w io.Writer) error {
				for part := range slices.Chunk(text, piece) {
					w.Write(part)
				}
				return nil
			}}.Resolve()
			room := 0
			for _, block := range s.Slices() {
				room += cap(block)
			}
			if got := slices.Concat(s.Slices()...); !bytes.Equal(got, text) || s.Len() != size || room > size+2*blockMax {
				t.Errorf("%d bytes in pieces of %d: got %d bytes in room for %d, want the same bytes in little more room", size, piece, len(got), room)
			}
		}
	}
}
