package bench

import (
	"testing"
	"time"

	"chandy/internal/config"
)

// TestBacklogRecordedIsWithinWindow has a backlog larger than the window, and a slow process
// that receives only one message. The part of this process must contain messages, but
// none that begin beyond the window.
func TestBacklogRecordedIsWithinWindow(t *testing.T) {
	for _, window := range []int{64 << 10, 128 << 10} {
		took, recorded, err := fullRun(t.Context(), &Options{Quick: true}, config.Size(window), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if most := window + frameLength(backlogMessage) - 1; recorded == 0 || recorded > most {
			t.Errorf("window of %d bytes: got %d bytes recorded, want 1 to %d", window, recorded, most)
		}
		if took <= 0 {
			t.Errorf("window of %d bytes: got a snapshot of %v ms, want more than 0", window, took)
		}
	}
}

func TestReceivedInReadsOnlyTheFirstChannel(t *testing.T) {
	for json, want := range map[string]uint64{
		`{"processes":{"p001":{"state":"quiet"}},"channels":[{"from":"p001","to":"p002","incarnations":["a","b"],"sent":9,"received":7,"messages":[{"seq":8`: 7,
		`{"processes":{},"channels":[{"from":"p001","to":"p003","sent":9,"received":7,"messages":[]}`:                                                        0,
		`{"processes":{`: 0,
	} {
		got, err := receivedIn([]byte(json))
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("received in %s: got %d (error: %v), want %d (0: an error)", json, got, err, want)
		}
	}
}
