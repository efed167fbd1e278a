package channel

import (
	"slices"

	"chandy/snapshot"
)

// segmentMax is the size of a full segment in bytes. It is large enough to amortize a
// system call, and holds two messages of 16 KiB. A larger message has a segment of its
// own.
const segmentMax = 40 << 10

// segment is a batch of an outbox or an inbox. All its messages have one stamp. Only the
// last segment grows.
type segment struct {
	snapshot.Batch
	stamp    uint64 // ordinal of the last marker issued before these messages
	start    uint64 // bytes of all messages before the first; outbox only
	memory   []byte // the buffer that holds the body
	recorded bool   // given away to a recorder
}

// FreeList is a free list of segment buffers, shared by all channels of one node. It is
// not safe for concurrent use. A nil *FreeList keeps nothing.
type FreeList struct {
	free   [][]byte
	unused int // buffers at the front that were not taken since the last Trim
}

// freeListMax is how many buffers are kept at most: 4 MiB.
const freeListMax = 4 << 20 / segmentMax

// take returns an empty buffer with room for n bytes. If the channel is busy, a new
// buffer has the size of a full segment, so that it can be used again.
func (s *FreeList) take(n int, busy bool) []byte {
	switch {
	case s == nil || n > segmentMax:
		return make([]byte, 0, n)
	case len(s.free) > 0:
		last := len(s.free) - 1
		memory := s.free[last]
		s.free[last] = nil
		s.free = s.free[:last]
		s.unused = min(s.unused, last)
		return memory
	case busy:
		n = segmentMax
	}
	return make([]byte, 0, n)
}

// put returns the buffer of a segment to the list, unless it was given away, and clears
// the segment.
func (s *FreeList) put(done *segment) {
	if s != nil && !done.recorded && cap(done.memory) == segmentMax && len(s.free) < freeListMax {
		s.free = append(s.free, done.memory[:0])
	}
	*done = segment{}
}

// Trim frees the buffers that were not taken since the last Trim, so that idle channels
// keep none.
func (s *FreeList) Trim() {
	s.free = slices.Delete(s.free, 0, s.unused)
	s.unused = len(s.free)
}
