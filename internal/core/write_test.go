package core

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"chandy/wire"
)

// The chunks of a section hold its bytes, in whatever slices those are. All but the last
// chunk are full.
func TestChunksAreFullButForTheLast(t *testing.T) {
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
				t.Errorf("slices of %v bytes, chunk %d: got last %v and %d bytes, want last %v (%d bytes if false)", sizes, i, p.Last, p.Len(), last, most)
			}
			got = append(got, bytes.Join(p.Bytes, nil)...)
			wire.Append(nil, f) // panics if the frame is too long
		}
		if want := bytes.Join(section, nil); !bytes.Equal(got, want) {
			t.Errorf("slices of %v bytes: got %d bytes in chunks, want the %d of the section", sizes, len(got), len(want))
		}
	}
}

// Frames join the write just before them on the same connection. They do not overtake
// another effect on it.
func TestFramesJoinOnlyTheWriteBeforeThem(t *testing.T) {
	c := &Core{}
	first, second := wire.Ping{Nonce: 1}, wire.Ping{Nonce: 2}
	c.write(1, first)
	c.write(1, second)
	c.write(2, first)
	c.write(1, first)
	c.emit(Close{1, true})
	for range 100 { // the backing array of the frames grows, and moves
		c.write(1, second)
	}
	c.frames = append(c.frames, first)
	c.emit(Write{1, c.frames[len(c.frames)-1:], true})
	c.write(1, second)
	want := []Effect{
		Write{Conn: 1, Frames: []wire.Frame{first, second}},
		Write{Conn: 2, Frames: []wire.Frame{first}},
		Write{Conn: 1, Frames: []wire.Frame{first}},
		Close{1, true},
		Write{Conn: 1, Frames: slices.Repeat([]wire.Frame{second}, 100)},
		Write{Conn: 1, Frames: []wire.Frame{first}, Ahead: true},
		Write{Conn: 1, Frames: []wire.Frame{second}},
	}
	if !reflect.DeepEqual(c.effects, want) {
		t.Errorf("got  %v\nwant %v", c.effects, want)
	}
}
