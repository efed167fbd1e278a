package command

import (
	"context"
	"errors"
	"slices"
	"testing"

	"chandy/internal/question"
)

// The end of the time can come while the questions are asked of the last snapshot. The
// answers of the snapshot before it stand then.
func TestTheEndOfAWatchKeepsTheLastAnswers(t *testing.T) {
	w := &watcher{all: []*watched{{text: "--never x"}}}
	ctx, cancel := context.WithCancel(t.Context())
	w.ask = &questions{}
	w.judge(ctx, snap{}, errors.New("p1 is down"))
	cancel()
	w.judge(ctx, snap{}, errors.New("the time is over"))
	v, why := w.ranOut()
	if want := []string{"--never x: p1 is down"}; v != question.Unknown || !slices.Equal(why, want) {
		t.Errorf("got answer %v, %q, want %v, %q", v, why, question.Unknown, want)
	}
	if w.taken != 1 || w.unknown != 1 || !w.cutOff {
		t.Errorf("got %d snapshots, %d could not tell, cut off %v, want 1, 1, true", w.taken, w.unknown, w.cutOff)
	}
}
