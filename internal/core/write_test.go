package core

import (
	"bytes"
	"testing"

	"chandy/wire"
)

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
		frames := chunks("p1", "S", 3, section)
		for i, f := range frames {
			p := f.(wire.Chunk)
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
