package bench

import (
	"context"
	"testing"
)

// TestInterruptedSkeletonEnds ends the context of a skeleton. Its snapshots must then
// return an error, and close must return, which waits for all goroutines.
func TestInterruptedSkeletonEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := newSkeleton(ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.snapshot(); err != nil {
		t.Errorf("first snapshot: got %v, want no error", err)
	}
	cancel()
	for s.snapshot() == nil {
	}
	s.close()
}
