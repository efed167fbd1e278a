package channel

// visited is the set of the states that were visited, and which of them are on the
// path from the beginning to where the exploration is. It is a hash table with open
// addressing, because a map takes most of the time of an exploration.
type visited struct {
	slots []packed // the zero value is free
	n     int
}

// packed is a world in 128 bits.
type packed [2]uint64

const (
	localBits, wireBits, faultBits = 20, 18, 3

	used   = 1 << 63 // of packed[0]
	onPath = 1 << 62 // of packed[0]
)

func (w *world) pack() (p packed) {
	p[0] = used
	for i, local := range w.locals {
		if local >= 1<<localBits {
			panic("bug: too many local states")
		}
		p[0] |= uint64(local) << (i * localBits)
	}
	for i, wire := range w.wires {
		if wire >= 1<<wireBits {
			panic("bug: too many wires")
		}
		p[1] |= uint64(wire) << (i * wireBits)
	}
	if w.disconnects >= 1<<faultBits || w.restarts >= 1<<faultBits {
		panic("bug: too many faults")
	}
	p[1] |= uint64(w.disconnects)<<(channelsMax*wireBits) | uint64(w.restarts)<<(channelsMax*wireBits+faultBits)
	return p
}

// slot is the place of a state, or the free one where it belongs.
func (v *visited) slot(p packed) int {
	h := p[0]*0x9e3779b97f4a7c15 ^ p[1]*0xc2b2ae3d27d4eb4f
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	for i := int(h >> 20); ; i++ {
		i &= len(v.slots) - 1
		if slot := v.slots[i]; slot[0] == 0 || slot[0]&^onPath == p[0] && slot[1] == p[1] {
			return i
		}
	}
}

// enter puts a state on the path, if it was never visited.
func (v *visited) enter(w *world) (seen, before bool) {
	if 3*len(v.slots) <= 4*(v.n+1) {
		v.grow()
	}
	p := w.pack()
	slot := &v.slots[v.slot(p)]
	if slot[0] != 0 {
		return true, slot[0]&onPath != 0
	}
	*slot = packed{p[0] | onPath, p[1]}
	v.n++
	return false, false
}

// leave takes a state off the path.
func (v *visited) leave(w *world) { v.slots[v.slot(w.pack())][0] &^= onPath }

func (v *visited) grow() {
	old := v.slots
	v.slots = make([]packed, max(1<<12, 2*len(old)))
	for _, p := range old {
		if p[0] != 0 {
			v.slots[v.slot(packed{p[0] &^ onPath, p[1]})] = p
		}
	}
}
