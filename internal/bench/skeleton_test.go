package bench

import (
	"context"
	"testing"
)

// TestSkeletonInterrupted ends the context of a skeleton: whoever waits for a
// snapshot learns of it, and close waits for all of its goroutines.
func TestSkeletonInterrupted(t *testing.T) {
	for _, f := range []*flow{nil, {}, {own: true}, {window: 16 << 10}, {own: true, window: 16 << 10}} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, err := newSkeleton(ctx, 3, f)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.snapshot(); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
		cancel()
		for s.snapshot() == nil {
		}
		s.close()
	}
}

// TestLaneWindow lets nobody receive: the sender stops at the window, and a marker
// still gets past.
func TestLaneWindow(t *testing.T) {
	f := &flow{window: 16 << 10}
	l := newLane(f)
	sent := 0
	for sent+len(l.batch) <= f.window {
		sent += len(l.next())
	}
	next := make(chan []byte)
	go func() { next <- l.next() }() // waits, or is about to
	l.Write(make([]byte, bareMarker))
	if got := len(<-next); got != frameLength(bareMarker) {
		t.Errorf("%d bytes were written beyond the window, not a marker", got)
	}
	go func() { next <- l.next() }()
	l.credit(sent)
	if got := len(<-next); got != len(l.batch) {
		t.Errorf("%d bytes were written after credit, not %d", got, len(l.batch))
	}
	l.close()
	if b := l.next(); b != nil {
		t.Errorf("%d bytes were written after the end", len(b))
	}
}
