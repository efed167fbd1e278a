package store

import (
	"strings"
	"testing"
)

func TestRecordsAreReadUpToTheirLimit(t *testing.T) {
	for n := range 6 {
		r := strings.NewReader(strings.Repeat("x", n))
		if b, more, err := readAtMost(r, 3); err != nil || more != (n > 3) || len(b) != min(n, 4) {
			t.Errorf("%d bytes, limit 3: got %d bytes, more %v, %v", n, len(b), more, err)
		}
	}
}
