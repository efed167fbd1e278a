package netnode

import (
	"bytes"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// An iovec holds the bytes that wire.Append makes of its frames, also after any number of
// them was written.
func TestIovec(t *testing.T) {
	const most = wire.ReferMin
	var b iovec
	for round := range 3 { // its memory is reused
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
			t.Fatalf("size: got %d, want %d", b.size, len(want))
		}
		if len(b.large) < 10 {
			t.Fatalf("bodies that were not copied: got %d, want 10 or more", len(b.large))
		}
		for n := 0; n <= len(want); n += 1 + n/64 {
			end := min(len(want), 2*n)
			if got := *b.copyRange(n, end); !bytes.Equal(got, want[n:end]) {
				t.Fatalf("bytes %d to %d: got %d bytes %.40x…, want %d bytes %.40x…", n, end, len(got), got, end-n, want[n:end])
			}
		}
		b.reset()
		if b.size != 0 || len(b.pieces()) != 0 {
			t.Fatalf("after reset: got %d bytes in %d pieces, want none", b.size, len(b.pieces()))
		}
	}
}
