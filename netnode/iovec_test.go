package netnode

import (
	"bytes"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// A iovec is what wire.Append would have made of its frames, and so is what is left
// of it after any number of bytes.
func TestIovec(t *testing.T) {
	const most = wire.ReferMin
	var b iovec
	for round := range 3 { // its memory is used again
		var want []byte
		for i, size := range []int{10, most - 2, most, 5, 3 * most, round * most} {
			var batch snapshot.Batch
			batch.First = uint64(i + 1)
			batch.Append(bytes.Repeat([]byte{byte(i)}, size))
			small, large := batch.Body[:5], bytes.Repeat([]byte{7, byte(i)}, most)
			for _, f := range []wire.Frame{
				wire.Data{Stamp: 7, Batch: batch}, wire.Ping{},
				wire.Chunk{Bytes: [][]byte{small, large, large, nil, small, batch.Body}},
			} {
				b.add(f)
				want = wire.Append(want, f)
			}
		}
		if b.size != len(want) {
			t.Fatalf("the size is %d, want %d", b.size, len(want))
		}
		if len(b.large) < 10 {
			t.Fatalf("%d bodies were left where they lie", len(b.large))
		}
		for n := 0; n <= len(want); n += 1 + n/64 {
			if got := b.appendAfter(nil, n); !bytes.Equal(got, want[n:]) {
				t.Fatalf("after %d of %d bytes: %d bytes, not the rest", n, len(want), len(got))
			}
		}
		b.reset()
		if b.size != 0 || len(b.pieces()) != 0 {
			t.Fatal("something is left after reset")
		}
	}
}
