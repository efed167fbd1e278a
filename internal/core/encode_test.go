package core

import (
	"errors"
	"io"
	"testing"

	"chandy/snapshot"
)

// TestStateIsEncodedOnceForAllSnapshots resolves one recording for two snapshots.
func TestStateIsEncodedOnceForAllSnapshots(t *testing.T) {
	for _, fault := range []error{nil, errors.New("too large")} {
		calls := 0
		s := snapshot.State{Encode: encodeOnce(func(w io.Writer) error {
			calls++
			for _, part := range []string{"first ", "second"} {
				if _, err := io.WriteString(w, part); err != nil {
					return err
				}
			}
			return fault
		})}
		want := "first second"
		if fault != nil {
			want = ""
		}
		for range 2 {
			if got := s.Resolve(); string(got.Bytes) != want || (got.Error == "") != (fault == nil) {
				t.Errorf("error %v: got %q, error %q, want %q", fault, got.Bytes, got.Error, want)
			}
		}
		if calls != 1 {
			t.Errorf("error %v: got %d calls, want 1", fault, calls)
		}
	}
}
