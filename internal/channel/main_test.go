package channel

import (
	"runtime/debug"
	"testing"
)

// TestMain lets the heap grow to five times its live size between collections. The tests
// allocate all the time and hold little: this saves a sixth of their processor time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}
