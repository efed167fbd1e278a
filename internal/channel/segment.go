package channel

import (
	"slices"

	"chandy/snapshot"
)

// segmentMax is the size of a full segment in bytes: two messages of 16 KiB with their
// lengths, and room for small ones. That amortizes a system call. A larger message has a
// segment of its own.
const segmentMax = 40 << 10

// segment is a batch of an outbox or an inbox. All messages of a segment of an outbox have
// one stamp. Only the last segment grows.
type segment struct {
	snapshot.Batch
	stamp    uint64 // ordinal of the last marker issued before these messages, or before the last of them in an inbox
	start    uint64 // bytes of all messages before the first; outbox only
	memory   []byte // the buffer that holds the body
	recorded bool   // given away to a recorder
}

// FreeList is a free list of segment buffers, shared by all channels of one node. It is
// not safe for concurrent use. The halves of channels work with a nil *FreeList too,
// which keeps nothing.
type FreeList struct {
	free   [][]byte
	unused int // buffers at the front that were not taken since the last Trim
}

// freeListMax is how many buffers are kept at most: 4 MiB.
const freeListMax = 4 << 20 / segmentMax

// take returns an empty buffer with room for n bytes. If busy is set, a new buffer has
// the size of a full segment, so that it can be used again.
func (l *FreeList) take(n int, busy bool) []byte {
	switch {
	case l == nil || n > segmentMax:
		return make([]byte, 0, n)
	case len(l.free) > 0:
		last := len(l.free) - 1
		memory := l.free[last]
		l.free[last] = nil
		l.free = l.free[:last]
		l.unused = min(l.unused, last)
		return memory
	case busy:
		n = segmentMax
	}
	return make([]byte, 0, n)
}

// put returns the buffer of a segment to the list, unless it was given away or is not of
// full size, and clears the segment.
func (l *FreeList) put(done *segment) {
	if l != nil && !done.recorded && cap(done.memory) == segmentMax && len(l.free) < freeListMax {
		l.free = append(l.free, done.memory[:0])
	}
	*done = segment{}
}

// Trim frees the buffers that were not taken since the last Trim, so that idle channels
// keep none.
func (l *FreeList) Trim() {
	l.free = slices.Delete(l.free, 0, l.unused)
	l.unused = len(l.free)
}
