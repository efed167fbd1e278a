package sim

import (
	"flag"
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

// Number of random clusters that the check runs: without faults, with faults, and with
// clients that leave.
const (
	quietSeeds   = 250
	faultySeeds  = 120
	leavingSeeds = 50
)

func TestSnapshotsAreCompleteWithoutFaults(t *testing.T) { runSeeds(t, quietSeeds, false) }
func TestSnapshotsAreConsistentWithFaults(t *testing.T)  { runSeeds(t, faultySeeds, true) }

func runSeeds(t *testing.T, n uint64, faults bool) {
	t.Parallel()
	if explore.Race || testing.Short() {
		n /= 10
	}
	if *seeds > 0 {
		n = *seeds
	}
	begun := time.Now()
	var all Result
	for i := range n {
		r, err := Run(*fromSeed+i, faults, nil)
		if err != nil {
			t.Fatal(err)
		}
		all.Complete += r.Complete
		all.Partial += r.Partial
		all.Saved += r.Saved
		all.Restores += r.Restores
		all.InFlight += r.InFlight
		all.Restarts += r.Restarts
		all.Steps += r.Steps
		all.Time += r.Time
	}
	t.Logf("%d seeds, %d snapshots complete (%d of them saved and read back, %d restored) and %d partial with %d messages in flight, %d restarts, %d steps, %v of virtual time in %v",
		n, all.Complete, all.Saved, all.Restores, all.Partial, all.InFlight, all.Restarts, all.Steps, all.Time.Round(time.Second), time.Since(begun).Round(time.Millisecond))
	if all.Saved == 0 || all.Restores == 0 {
		t.Errorf("got %d saved snapshots and %d restores, want some, with faults %v", all.Saved, all.Restores, faults)
	}
	if all.InFlight == 0 || faults && (all.Partial == 0 || all.Restarts == 0) {
		t.Errorf("got %d messages in flight, %d partial snapshots and %d restarts; want some of each (partial and restarts with faults only, which are %v)",
			all.InFlight, all.Partial, all.Restarts, faults)
	}
}

func TestSameSeedReplaysTheSameRun(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		for name, run := range map[string]func() (Result, error){
			"without faults": func() (Result, error) { return Run(seed, false, nil) },
			"with faults":    func() (Result, error) { return Run(seed, true, nil) },
			"with restores":  func() (Result, error) { return RunRestores(seed, nil) },
		} {
			first, err := run()
			if err != nil {
				t.Fatal(err)
			}
			second, err := run()
			if err != nil {
				t.Fatal(err)
			}
			if first != second {
				t.Errorf("seed %d, %s: got %+v in the second run, want %+v as in the first", seed, name, second, first)
			}
			if first.Complete == 0 || first.Trace == 0 {
				t.Errorf("seed %d, %s: got %+v, want a complete snapshot and a trace", seed, name, first)
			}
		}
	}
}
