package sim

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/explore"
)

const (
	restoringSeeds = 80 // random clusters with restores that the check runs
	// crashPoints is at how many points of restores nodes must crash in these. A point is a
	// step of a proposer or a voter, and whether the crash comes before, within or after it.
	crashPoints = 30
)

func TestRestoresAtAnyMoment(t *testing.T) {
	t.Parallel()
	n := uint64(restoringSeeds)
	if explore.Race || testing.Short() {
		n /= 10
	}
	if *seeds > 0 {
		n = *seeds
	}
	begun := time.Now()
	var all Result
	points := map[string]int{}
	for i := range n {
		r, err := RunRestores(*fromSeed+i, nil)
		if err != nil {
			t.Fatal(err)
		}
		all.Restarts += r.Restarts
		all.Epochs += r.Epochs
		all.Sent += r.Sent
		all.Received += r.Received
		all.Restores += r.Restores
		all.Time += r.Time
		all.Steps += r.Steps
		for point := range strings.Lines(r.Crashes) {
			points[strings.TrimSpace(point)]++
		}
	}
	t.Logf("%d seeds, %d restarts, %d epochs, %d messages sent and %d received, %d restores without faults, %d steps, %v of virtual time in %v",
		n, all.Restarts, all.Epochs, all.Sent, all.Received, all.Restores, all.Steps, all.Time.Round(time.Second), time.Since(begun).Round(time.Millisecond))
	for _, point := range slices.Sorted(maps.Keys(points)) {
		t.Logf("%4d crashes %s", points[point], point)
	}
	t.Logf("%d points", len(points))
	if n >= restoringSeeds && len(points) < crashPoints {
		t.Errorf("got crashes at %d points of restores, want at least %d", len(points), crashPoints)
	}
}
