package explore

import "hash/maphash"

// set is a set of states: a hash table with open addressing. A search spends most of
// its time here, and with a map it takes half as long again.
type set[S comparable] struct {
	slots []S // the zero S is a free one
	n     int
	zero  bool // the zero S is in the set
	seed  maphash.Seed
}

// add puts s into the set, and reports whether it is new.
func (v *set[S]) add(s S) (isNew bool) {
	if 4*v.n >= 3*len(v.slots) {
		v.grow()
	}
	var zero S
	if s == zero {
		isNew, v.zero = !v.zero, true
	} else if slot := v.slot(s); *slot != s {
		isNew, *slot = true, s
	}
	if isNew {
		v.n++
	}
	return isNew
}

// slot returns the slot of s, or the free one where it belongs.
func (v *set[S]) slot(s S) *S {
	var zero S
	for i := maphash.Comparable(v.seed, s); ; i++ {
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
			*v.slot(s) = s
		}
	}
}
