package clustertest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// seedVariable is the environment variable with the seed of a run that failed.
const seedVariable = "CHANDY_TEST_SEED"

var seeds sync.Map // *testing.T to uint64

// Seed returns the seed of a test: a new one in each run, and the same one in each call
// for t. A test that fails prints it.
func Seed(t *testing.T) uint64 {
	t.Helper()
	if seed, ok := seeds.Load(t); ok {
		return seed.(uint64)
	}
	seed := rand.Uint64()
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("$%s: %v", seedVariable, err)
		}
	}
	seeds.Store(t, seed)
	t.Cleanup(func() {
		seeds.Delete(t)
		if t.Failed() {
			t.Logf("to repeat: %s=%d go test -run '^%s$'", seedVariable, seed, strings.ReplaceAll(t.Name(), "/", "$/^"))
		}
	})
	return seed
}

// Rand returns a generator with the seed of a test. It is not safe for concurrent use.
func Rand(t *testing.T) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(Seed(t), 0))
}
