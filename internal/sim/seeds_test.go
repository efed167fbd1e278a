package sim

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/explore"
)

// The script scripts/soak.sh runs more seeds than the check does, and other ones:
//
//	go test ./internal/sim -run WithFaults -v -from 1000000 -seeds 5000
var (
	fromSeed = flag.Uint64("from", 0, "first seed of the random clusters")
	seeds    = flag.Uint64("seeds", 0, "number of seeds (default: as many as the check runs)")
)

// seedsOf returns how many seeds a test runs with, given the number for the check.
func seedsOf(check uint64) uint64 {
	switch {
	case *seeds > 0:
		return *seeds
	case explore.Race || testing.Short():
		return check / 10
	}
	return check
}

// runSeeds runs the clusters of as many seeds, and returns the sum of their results.
func runSeeds(t *testing.T, check uint64, run func(seed uint64) (Result, error)) (all Result) {
	t.Helper()
	begun, n := time.Now(), seedsOf(check)
	for i := range n {
		r, err := run(*fromSeed + i)
		if err != nil {
			t.Fatal(err)
		}
		all.add(r)
	}
	t.Logf("%d seeds, %d restarts, %d steps, %v of virtual time in %v", n, all.Restarts, all.Steps, all.Time.Round(time.Second), time.Since(begun).Round(time.Millisecond))
	t.Logf("%d snapshots complete (%d of them saved and read back, %d restored) and %d partial with %d messages in flight",
		all.Complete, all.Saved, all.Restores, all.Partial, all.InFlight)
	if all.Epochs > 0 {
		t.Logf("%d planned stops, and %d snapshots saved for them", all.Stops, all.SavedToStop)
		t.Logf("%d epochs, %d of them begun by a recovery; %d messages sent and %d received in them; %d saved snapshots that clients were told of, all read back; settled within %v of the last fault, %v on average",
			all.Epochs, all.Recoveries, all.Sent, all.Received, all.Promised, all.SettledMax, (all.Settled / time.Duration(n)).Round(time.Millisecond))
	}
	return all
}

func (all *Result) add(r Result) {
	all.Complete += r.Complete
	all.Partial += r.Partial
	all.Saved += r.Saved
	all.InFlight += r.InFlight
	all.Restores += r.Restores
	all.Restarts += r.Restarts
	all.Epochs += r.Epochs
	all.Sent += r.Sent
	all.Received += r.Received
	all.Recoveries += r.Recoveries
	all.Promised += r.Promised
	all.Stops += r.Stops
	all.SavedToStop += r.SavedToStop
	all.Settled += r.Settled
	all.SettledMax = max(all.SettledMax, r.Settled)
	all.Crashes += r.Crashes
	all.Steps += r.Steps
	all.Time += r.Time
}

// expectCrashPoints logs at which points nodes have crashed in restores and saves. A point is a
// step, and whether the crash comes before, within or after it. Few seeds have few of them.
func expectCrashPoints(t *testing.T, all Result, check uint64, want int) {
	t.Helper()
	points := map[string]int{}
	for point := range strings.Lines(all.Crashes) {
		points[strings.TrimSpace(point)]++
	}
	for _, point := range slices.Sorted(maps.Keys(points)) {
		t.Logf("%4d crashes %s", points[point], point)
	}
	t.Logf("%d points", len(points))
	if len(points) < want && seedsOf(check) >= check {
		t.Errorf("got crashes at %d points, want at least %d", len(points), want)
	}
}
