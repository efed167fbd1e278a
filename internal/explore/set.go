package explore

import (
	"hash/maphash"
	"slices"
)

// set is a set of states: a hash table with open addressing. A search spends most of
// its time here, and with a map it takes half as long again.
type set[S comparable] struct {
	slots []S // the zero S is a free one
	n     int
	zero  bool // the zero S is in the set
	seed  maphash.Seed
}

// add puts s into the set. It reports whether s is new, and returns its hash.
func (v *set[S]) add(s S) (isNew bool, hash uint64) {
	if 4*v.n >= 3*len(v.slots) {
		v.grow()
	}
	var zero S
	hash = maphash.Comparable(v.seed, s)
	if s == zero {
		isNew, v.zero = !v.zero, true
	} else if slot := v.slot(s, hash); *slot != s {
		isNew, *slot = true, s
	}
	if isNew {
		v.n++
	}
	return isNew, hash
}

// slot returns the slot of s, or the free one where it belongs.
func (v *set[S]) slot(s S, hash uint64) *S {
	var zero S
	for i := hash; ; i++ {
		if slot := &v.slots[i&uint64(len(v.slots)-1)]; *slot == s || *slot == zero {
			return slot
		}
	}
}

func (v *set[S]) grow() {
	if v.slots == nil {
		v.seed = maphash.MakeSeed()
	}
	old := v.slots
	v.slots = make([]S, max(1<<12, 2*len(old)))
	var zero S
	for _, s := range old {
		if s != zero {
			*v.slot(s, maphash.Comparable(v.seed, s)) = s
		}
	}
}

// path is a stack of states. Few of the states that has looks for are on it:
// the counts answer that without a search.
type path[S comparable] struct {
	states []S
	counts [1 << 10]uint16 // by the low bits of the hash
}

func (p *path[S]) push(hash uint64, s S) {
	p.states = append(p.states, s)
	p.counts[hash%uint64(len(p.counts))]++
}

func (p *path[S]) pop(hash uint64) {
	p.states = p.states[:len(p.states)-1]
	p.counts[hash%uint64(len(p.counts))]--
}

func (p *path[S]) has(hash uint64, s S) bool {
	return p.counts[hash%uint64(len(p.counts))] > 0 && slices.Contains(p.states, s)
}
