package wire

import (
	"fmt"

	"chandy/snapshot"
)

// Chunk carries a piece of a section of one process's contribution to a snapshot, on its way to
// the assembler.
type Chunk struct {
	// Snapshot is the snapshot to which the part belongs.
	Snapshot snapshot.ID
	// Process is the process that recorded the part.
	Process snapshot.ProcessID
	// Section numbers the sections of the part: 0, 1, 2 …
	Section uint64
	// Last reports whether the chunk is the last of its section.
	Last bool
	// Bytes is the chunk, one slice after another, at most ChunkMax bytes in all; it
	// may be empty. Of a decoded frame it is one slice.
	Bytes [][]byte
}

// Len is the length of the chunk, in bytes.
func (p Chunk) Len() int {
	n := 0
	for _, b := range p.Bytes {
		n += len(b)
	}
	return n
}

// Type returns TypeChunk.
func (Chunk) Type() Type { return TypeChunk }

// String returns the place of the chunk and its length.
func (p Chunk) String() string {
	last := ""
	if p.Last {
		last = ", last"
	}
	return fmt.Sprintf("chunk of %s from %s, section %d (%d bytes%s)", shown(p.Snapshot), shown(p.Process), p.Section, p.Len(), last)
}

// AppendHead appends the frame without the chunk, with which the frame ends. The caller
// must write the chunk after it.
func (p Chunk) AppendHead(b []byte) []byte {
	start := len(b)
	b = append(b, noHeader[:]...)
	b = p.appendFields(b)
	seal(b[start:], TypeChunk, p.Bytes...)
	return b
}

func (p Chunk) append(b []byte) []byte {
	b = p.appendFields(b)
	for _, bytes := range p.Bytes {
		b = append(b, bytes...)
	}
	return b
}

func (p Chunk) appendFields(b []byte) []byte {
	if n := p.Len(); n > ChunkMax {
		bug("a chunk of %d bytes, more than %d", n, ChunkMax)
	}
	b = appendName(b, "snapshot", p.Snapshot)
	b = appendName(b, "process", p.Process)
	b = appendUint(b, p.Section)
	b = appendBool(b, p.Last)
	return append(b, noFlags)
}

func decodeChunk(d *decoder) Frame {
	p := Chunk{
		Snapshot: snapshot.ID(d.name("snapshot")),
		Process:  snapshot.ProcessID(d.name("process")),
		Section:  d.uint("section"),
		Last:     d.byte("last", 0, 1) == 1,
	}
	d.flags()
	if chunk := d.all("bytes", ChunkMax); chunk != nil {
		p.Bytes = [][]byte{chunk}
	}
	return p
}
