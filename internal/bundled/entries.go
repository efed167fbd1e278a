package bundled

import "slices"

// entry is a key and its value. The bytes of both are never modified, because a captured
// state refers to them.
type entry struct {
	key   string // canonical JSON
	value []byte // JSON as it was written
}

func (e entry) bytes() int64 { return int64(len(e.key)) + int64(len(e.value)) + entryCost }

// entries is a list of entries of which a capture takes a copy in a few microseconds for
// a million of them. The list is in chunks, and a chunk that a copy refers to is copied
// before it changes.
type entries struct {
	chunks []*chunk // all but the last are full
	count  int
}

// chunkSize is how many entries a chunk has: 40 KiB.
const chunkSize = 1 << 10

type chunk struct {
	entries []entry
	shared  bool // a copy refers to it, so it is never modified again
}

func (l *entries) at(i int) entry { return l.chunks[i/chunkSize].entries[i%chunkSize] }

func (l *entries) add(e entry) {
	if l.count == len(l.chunks)*chunkSize {
		l.chunks = append(l.chunks, &chunk{})
	}
	last := l.own(len(l.chunks) - 1)
	last.entries = append(last.entries, e)
	l.count++
}

func (l *entries) set(i int, e entry) { l.own(i / chunkSize).entries[i%chunkSize] = e }

// own returns a chunk that may be modified.
func (l *entries) own(i int) *chunk {
	if c := l.chunks[i]; c.shared {
		l.chunks[i] = &chunk{entries: slices.Clone(c.entries)}
	}
	return l.chunks[i]
}

// share returns the chunks as they are now. Their entries never change.
func (l *entries) share() []*chunk {
	for _, c := range l.chunks {
		c.shared = true
	}
	return slices.Clone(l.chunks)
}
