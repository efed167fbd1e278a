package channel

import (
	"slices"

	"chandy/snapshot"
)

// segmentMax is where a segment is closed, in bytes: a good deal for one system call,
// and two messages of 16 KiB. A message larger than that has one of its own.
const segmentMax = 40 << 10

// segment is a batch of an outbox or an inbox, all of one stamp. Only the last one
// grows.
type segment struct {
	snapshot.Batch
	stamp    uint64 // ordinal of the last marker issued before these messages
	start    uint64 // in an outbox: bytes of all messages before the first
	memory   []byte // where the body lies
	recorded bool   // a recorder refers to it: the memory is never used again
}

// FreeList is memory of segments that is used again, so that a busy channel takes
// none. It is for the halves of channels of one owner; nil keeps nothing. Lists
// and snapshots that refer to a segment keep its memory from coming here.
type FreeList struct {
	free   [][]byte
	unused int // how many were never taken since the last Trim
}

// freeListMax is how many are kept: 4 MiB.
const freeListMax = 4 << 20 / segmentMax

// take gives empty memory: a spare one, or new with room for n bytes, or for a whole
// segment if the channel is busy.
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

// put takes the memory of a segment that is no longer needed.
func (s *FreeList) put(done *segment) {
	if s != nil && !done.recorded && cap(done.memory) == segmentMax && len(s.free) < freeListMax {
		s.free = append(s.free, done.memory[:0])
	}
	*done = segment{}
}

// Trim frees what was not taken since the last Trim: idle channels keep nothing.
func (s *FreeList) Trim() {
	s.free = slices.Delete(s.free, 0, s.unused)
	s.unused = len(s.free)
}
