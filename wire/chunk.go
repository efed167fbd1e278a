package wire

import (
	"fmt"

	"chandy/snapshot"
)

// Chunk carries a section of the part of one process to the assembler, or some of its
// bytes if the section is large.
type Chunk struct {
	// Snapshot is the snapshot to which the part belongs.
	Snapshot snapshot.ID
	// Process is the process that recorded the part.
	Process snapshot.ProcessID
	// Section numbers the sections of the part: 0, 1, 2 …
	Section uint64
	// Last reports whether the chunk is the last one of its section.
	Last bool
	// Bytes are the bytes of the section, as slices that follow one another. Together
	// they have at most ChunkMax bytes. Decode returns at most one slice.
	Bytes [][]byte
}

// Len returns the length of the chunk in bytes.
func (c Chunk) Len() int {
	n := 0
	for _, b := range c.Bytes {
		n += len(b)
	}
	return n
}

// Type returns TypeChunk.
func (Chunk) Type() Type { return TypeChunk }

// String returns all fields, and the length in place of the bytes.
func (c Chunk) String() string {
	last := ""
	if c.Last {
		last = ", last"
	}
	return fmt.Sprintf("chunk of %s from %s, section %d (%d bytes%s)", shown(c.Snapshot), shown(c.Process), c.Section, c.Len(), last)
}

// AppendHead appends the frame without its Bytes. A frame ends with them, so the caller
// can write them after the head without copying them.
func (c Chunk) AppendHead(b []byte) []byte {
	start := len(b)
	b = append(b, noHeader[:]...)
	b = c.appendFields(b)
	seal(b[start:], TypeChunk, c.Bytes...)
	return b
}

func (c Chunk) append(b []byte) []byte {
	b = c.appendFields(b)
	for _, bytes := range c.Bytes {
		b = append(b, bytes...)
	}
	return b
}

func (c Chunk) appendFields(b []byte) []byte {
	if n := c.Len(); n > ChunkMax {
		bug("a chunk of %d bytes, more than %d", n, ChunkMax)
	}
	b = appendName(b, "snapshot", c.Snapshot)
	b = appendName(b, "process", c.Process)
	b = appendUint(b, c.Section)
	b = appendBool(b, c.Last)
	return append(b, noFlags)
}

func decodeChunk(d *decoder) Frame {
	c := Chunk{
		Snapshot: snapshot.ID(d.name("snapshot")),
		Process:  snapshot.ProcessID(d.name("process")),
		Section:  d.uint("section"),
		Last:     d.byte("last", 0, 1) == 1,
	}
	d.flags(noFlags)
	if chunk := d.all("bytes", ChunkMax); chunk != nil {
		c.Bytes = [][]byte{chunk}
	}
	return c
}
