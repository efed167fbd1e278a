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
	const most = wire.ReferMin
	var b bundle
	for round := range 3 { // its memory is used again
		var want []byte
		for i, size := range []int{10, most - 2, most, 5, 3 * most, round * most} {
			var batch snapshot.Batch
			batch.First = uint64(i + 1)
			batch.Append(bytes.Repeat([]byte{byte(i)}, size))
			small, large := batch.Body[:5], bytes.Repeat([]byte{7, byte(i)}, most)
			for _, f := range []wire.Frame{
				wire.Data{Stamp: 7, Batch: batch}, wire.Ping{},
				wire.Part{Bytes: [][]byte{small, large, large, nil, small, batch.Body}},
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

// However a section lies in memory, its chunks are full but for the last, and are
// the section.
func TestChunks(t *testing.T) {
	const most = wire.ChunkMax
	for _, sizes := range [][]int{
		{}, {1}, {most - 1}, {most}, {most + 1}, {2 * most}, {most, most}, {most - 1, 1, 1}, {10, 3*most + 5, 0, 7}, {most, 0}, {3, 2 * most, 3},
	} {
		var section [][]byte
		for i, n := range sizes {
			section = append(section, bytes.Repeat([]byte{byte(i + 1)}, n))
		}
		var got []byte
		frames := (&Core{self: "p1"}).chunks("S", 3, section)
		for i, f := range frames {
			p := f.(wire.Part)
			if last := i == len(frames)-1; p.Last != last || !last && p.Len() != most {
				t.Errorf("%v: chunk %d of %d: last is %v, %d bytes", sizes, i+1, len(frames), p.Last, p.Len())
			}
			got = append(got, bytes.Join(p.Bytes, nil)...)
			wire.Append(nil, f) // or it panics: too long
		}
		if want := bytes.Join(section, nil); !bytes.Equal(got, want) {
			t.Errorf("%v: the chunks hold %d bytes, the section %d", sizes, len(got), len(want))
		}
	}
}

// Frames are written together with those just before them on the same connection,
// and never past anything else on it.
func TestWritesTogether(t *testing.T) {
	c := &Core{}
	first, second := wire.Ping{Nonce: 1}, wire.Ping{Nonce: 2}
	c.write(1, first)
	c.write(1, second)
	c.write(2, first)
	c.write(1, first)
	c.do(Close{1, true})
	for range 100 { // the memory of frames moves
		c.write(1, second)
	}
	c.frames = append(c.frames, first)
	c.do(Write{1, c.frames[len(c.frames)-1:], true})
	c.write(1, second)
	want := []struct {
		conn   ConnID
		frames int
		first  wire.Frame
	}{{1, 2, first}, {2, 1, first}, {1, 1, first}, {}, {1, 100, second}, {1, 1, first}, {1, 1, second}}
	if len(c.effects) != len(want) {
		t.Fatalf("%d effects, want %d", len(c.effects), len(want))
	}
	for i, one := range want {
		w, ok := c.effects[i].(Write)
		if ok != (one.frames > 0) || ok && (w.Conn != one.conn || len(w.Frames) != one.frames || w.Frames[0] != one.first) {
			t.Errorf("effect %d is %v", i, c.effects[i])
		}
	}
	if w := c.effects[0].(Write); w.Frames[1] != second {
		t.Errorf("the second frame is %v", w.Frames[1])
	}
}
