package core

import "chandy/wire"

// section is the bytes of a section that have come, in the order in which they came. They
// are never joined: for a large state that would take twice its memory, and copying it would
// stop the loop.
type section struct {
	chunks [][]byte
	bytes  int
}

// blockMax is how much memory a section takes at once for small chunks, in bytes.
const blockMax = 256 << 10

// add appends the bytes of a chunk. A large chunk is kept where it lies. Small ones are
// copied into blocks, which have at most as many bytes as have come, and those of a chunk.
func (s *section) add(b []byte) {
	s.bytes += len(b)
	if len(b) > wire.KeptMin {
		s.chunks = append(s.chunks, b)
		return
	}
	if last := len(s.chunks) - 1; last >= 0 {
		block := s.chunks[last]
		n := min(len(b), cap(block)-len(block))
		s.chunks[last] = append(block, b[:n]...)
		b = b[n:]
	}
	if len(b) > 0 {
		block := make([]byte, 0, max(len(b), min(s.bytes, blockMax)))
		s.chunks = append(s.chunks, append(block, b...))
	}
}
