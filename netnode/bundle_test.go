package netnode

import (
	"bytes"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// A bundle is what wire.Append would have made of its frames, and so is what is left
// of it after any number of bytes.
func TestBundle(t *testing.T) {
	var b bundle
	for round := range 3 { // its memory is used again
		var want []byte
		for i, size := range []int{10, bodyMin - 2, bodyMin, 5, 3 * bodyMin, round * bodyMin} {
			var batch snapshot.Batch
			batch.First = uint64(i + 1)
			batch.Append(bytes.Repeat([]byte{byte(i)}, size))
			for _, f := range []wire.Frame{wire.Data{Stamp: 7, Batch: batch}, wire.Ping{}} {
				b.add(f)
				want = wire.Append(want, f)
			}
		}
		if b.size != len(want) {
			t.Fatalf("the size is %d, want %d", b.size, len(want))
		}
		if len(b.bodies) < 2 {
			t.Fatalf("%d bodies were left where they lie", len(b.bodies))
		}
		for n := range len(want) + 1 {
			if got := b.appendRest(nil, n); !bytes.Equal(got, want[n:]) {
				t.Fatalf("after %d of %d bytes: %d bytes, not the rest", n, len(want), len(got))
			}
		}
		b.reset()
		if b.size != 0 || len(b.pieces()) != 0 {
			t.Fatal("something is left after reset")
		}
	}
}

// A full bundle has no more pieces than one call takes.
func TestBundleFull(t *testing.T) {
	var b bundle
	var batch snapshot.Batch
	batch.First = 1
	batch.Append(make([]byte, bodyMin))
	for !b.full() {
		b.add(wire.Data{Batch: batch})
	}
	if n := len(b.pieces()); n > 2*bodiesMax+1 {
		t.Errorf("%d pieces", n)
	}
	if b.size > writeBatch+wire.FrameMax {
		t.Errorf("%d bytes", b.size)
	}
}
