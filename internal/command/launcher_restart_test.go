package command

import (
	"testing"
	"time"
)

func TestANodeThatEndsSoonStartsAgainLaterEachTime(t *testing.T) {
	r := newRestarts()
	r.stop()
	begun := time.Unix(0, 0)
	one := &child{id: "p1", begun: begun}
	for i, want := range []time.Duration{200, 400, 800, 1600, 3200, 6400, 10000, 10000} {
		if got := r.after(one, begun.Add(restartSettle)); got != want*time.Millisecond {
			t.Errorf("end %d: got a wait of %v, want %v", i, got, want*time.Millisecond)
		}
	}
	if got := r.after(one, begun.Add(restartSettle+1)); got != restartMin {
		t.Errorf("after it ran %v: got a wait of %v, want %v", restartSettle+1, got, restartMin)
	}
}
