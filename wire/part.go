package wire

import (
	"fmt"

	"chandy/snapshot"
)

// Part is a chunk of one process's contribution to a snapshot, on its way to
// the assembler.
type Part struct {
	// Snapshot is the snapshot to which the part belongs.
	Snapshot snapshot.ID
	// Process is the process that recorded the part.
	Process snapshot.ProcessID
	// Section numbers the sections of the part: 0, 1, 2 …
	Section uint64
	// Last tells that the chunk is the last of its section.
	Last bool
	// Bytes is the chunk, at most ChunkMax bytes; it may be empty.
	Bytes []byte
}

// Type is TypePart.
func (Part) Type() Type { return TypePart }

// String gives the place of the chunk and its length.
func (p Part) String() string {
	last := ""
	if p.Last {
		last = ", last"
	}
	return fmt.Sprintf("part of %s from %s, section %d (%d bytes%s)", shown(p.Snapshot), shown(p.Process), p.Section, len(p.Bytes), last)
}

func (p Part) append(b []byte) []byte {
	b = appendName(b, "snapshot", p.Snapshot)
	b = appendName(b, "process", p.Process)
	b = appendUint(b, p.Section)
	b = appendBool(b, p.Last)
	return appendChunk(b, "bytes", p.Bytes)
}

func decodePart(d *decoder) Frame {
	return Part{
		Snapshot: snapshot.ID(d.name("snapshot")),
		Process:  snapshot.ProcessID(d.name("process")),
		Section:  d.uint("section"),
		Last:     d.byte("last", 0, 1) == 1,
		Bytes:    d.all("bytes", ChunkMax),
	}
}
