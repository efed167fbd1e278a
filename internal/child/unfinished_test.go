package child

import (
	"slices"
	"testing"
)

// A child with one thread has handled the messages before the last request that it answered.
// Requests that it has not answered are unfinished whenever they came.
func TestUnfinishedIsWhatTheChildHasNotAnswered(t *testing.T) {
	x := &Program{}
	r := &x.requests
	r.add(1, "n1", []byte("1"), 0)
	r.addOneWay(2)
	r.add(3, "n1", []byte("2"), 0)
	r.addOneWay(4)
	r.add(5, "c1", nil, 0)
	want := func(what string, want ...uint64) {
		t.Helper()
		if got := x.Unfinished(); !slices.Equal(got, want) {
			t.Errorf("%s: got the calls %v, want %v", what, got, want)
		}
	}
	want("nothing answered", 1, 2, 3, 4, 5)
	r.answered("n1", []byte("2"))
	want("the second request answered", 1, 4, 5)
	x.early.keep(6, "n1", []byte(`{}`))
	want("a message kept", 1, 4, 5, 6)
	for call := uint64(7); call < 1000; call++ {
		r.addOneWay(call)
	}
	if got := x.Unfinished(); len(got) > 2*oneWayMax+4 || got[len(got)-1] != 999 {
		t.Errorf("after 993 messages that expect no reply: got %d calls, %v, want at most %d and 999 at the end", len(got), got, 2*oneWayMax+4)
	}
}
