package core

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// FuzzHostile drives a core with hostile peers and clients: with hellos of every role, and
// with frames of every type in every state of a connection. The core must not panic, its
// counts must be true, what it holds must be bounded, and must be gone when the peers and
// clients are.
func FuzzHostile(f *testing.F) {
	for seed := range uint64(30) {
		f.Add(randomCourse(seed, 300))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		newHostile(t, in).run()
	})
}

// TestHostileCourses runs random courses.
func TestHostileCourses(t *testing.T) {
	for i := range uint64(500) {
		seed := rand.Uint64()
		if i < 100 {
			seed = i
		}
		ok := t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { newHostile(t, randomCourse(seed, 600)).run() })
		if !ok {
			return
		}
	}
}

func randomCourse(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	in := make([]byte, n)
	for i := range in {
		in[i] = byte(random.Uint32())
	}
	return in
}
