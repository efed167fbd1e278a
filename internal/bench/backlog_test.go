package bench

import (
	"fmt"
	"testing"
	"time"
)

// TestBacklogRecorded looks how many bytes of messages the part of the slow process
// has, which receives nothing after the first: some, and no more than those that begin
// within the window, of a backlog that is larger.
func TestBacklogRecorded(t *testing.T) {
	for name, window := range map[string]int{"64KiB": 64 << 10, "128KiB": 128 << 10} {
		took, recorded, err := fullRun(t.Context(), &Options{Quick: true}, fmt.Sprintf("window = %q", name), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if took <= 0 || recorded == 0 || recorded >= window+frameLength(backlogMessage) {
			t.Errorf("with a window of %s %d bytes were recorded in %v ms", name, recorded, took)
		}
	}
}

func TestReceivedIn(t *testing.T) {
	for json, want := range map[string]uint64{
		`{"processes":{"p001":{"state":"quiet"}},"channels":[{"from":"p001","to":"p002","incarnations":["a","b"],"sent":9,"received":7,"messages":[{"seq":8`: 7,
		`{"processes":{},"channels":[{"from":"p001","to":"p003","sent":9,"received":7,"messages":[]}`:                                                        0,
		`{"processes":{`: 0,
	} {
		got, err := receivedIn([]byte(json))
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%d, %v in %s", got, err, json)
		}
	}
}
