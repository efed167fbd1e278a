package clustertest

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// NoGoroutines fails if a goroutine whose stack has one of the parts is left after five
// seconds. A goroutine that has done its last step may still be seen for a moment.
func NoGoroutines(t *testing.T, parts ...string) {
	t.Helper()
	for begun := time.Now(); ; runtime.Gosched() {
		left := goroutines(parts)
		if len(left) == 0 {
			return
		}
		if time.Since(begun) > 5*time.Second {
			t.Fatalf("got %d goroutines that are left, want none:\n%s", len(left), strings.Join(left, "\n\n"))
		}
	}
}

func goroutines(parts []string) (stacks []string) {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	for stack := range strings.SplitSeq(string(buf[:n]), "\n\n") {
		for _, part := range parts {
			if strings.Contains(stack, part) {
				stacks = append(stacks, stack)
				break
			}
		}
	}
	return stacks
}
