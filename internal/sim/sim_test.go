package sim

import (
	"flag"
	"testing"
	"time"
)

// scripts/soak.sh asks for more than the check runs, and for others:
//
//	go test ./internal/sim -run TestFaults -v -from 1000000 -seeds 5000
var (
	fromSeed = flag.Uint64("from", 0, "the first seed of TestSeeds and TestFaults")
	seeds    = flag.Uint64("seeds", 0, "how many seeds (default: as many as the check runs)")
)

// How many random clusters the check runs, without and with faults.
const (
	quietSeeds  = 1000
	faultySeeds = 500
)

func TestSeeds(t *testing.T)  { runSeeds(t, quietSeeds, false) }
func TestFaults(t *testing.T) { runSeeds(t, faultySeeds, true) }

func runSeeds(t *testing.T, n uint64, faults bool) {
	if raceEnabled || testing.Short() {
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
		all.InFlight += r.InFlight
		all.Restarts += r.Restarts
		all.Steps += r.Steps
		all.Time += r.Time
	}
	t.Logf("%d seeds, %d snapshots complete and %d partial with %d messages in flight, %d restarts, %d steps, %v of virtual time in %v",
		n, all.Complete, all.Partial, all.InFlight, all.Restarts, all.Steps, all.Time.Round(time.Second), time.Since(begun).Round(time.Millisecond))
	if all.InFlight == 0 || faults && (all.Partial == 0 || all.Restarts == 0) {
		t.Error("something never happened")
	}
}

// The same seed does the same, to the byte.
func TestReplay(t *testing.T) {
	for seed := range uint64(20) {
		for _, faults := range []bool{false, true} {
			first, err := Run(seed, faults, nil)
			if err != nil {
				t.Fatal(err)
			}
			second, err := Run(seed, faults, nil)
			if err != nil {
				t.Fatal(err)
			}
			if first != second {
				t.Errorf("seed %d: %+v, then %+v", seed, first, second)
			}
			if first.Complete == 0 || first.Trace == 0 {
				t.Errorf("seed %d: nothing happened: %+v", seed, first)
			}
		}
	}
}
