package bench

import (
	"context"
	"testing"
)

// TestSkeletonInterrupted ends the context of a skeleton: a waiting snapshot returns an
// error, and close waits for all goroutines of the skeleton.
func TestSkeletonInterrupted(t *testing.T) {
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
