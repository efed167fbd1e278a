package sim

import (
	"testing"
	"time"
)

// seeds is how many random clusters the check runs.
const seeds = 1000

func TestSeeds(t *testing.T) {
	n := uint64(seeds)
	if raceEnabled || testing.Short() {
		n /= 10
	}
	begun := time.Now()
	var all Result
	for seed := range n {
		r, err := Run(seed, nil)
		if err != nil {
			t.Fatal(err)
		}
		all.Snapshots += r.Snapshots
		all.InFlight += r.InFlight
		all.Steps += r.Steps
		all.Time += r.Time
	}
	t.Logf("%d seeds, %d snapshots with %d messages in flight, %d steps, %v of virtual time in %v",
		n, all.Snapshots, all.InFlight, all.Steps, all.Time, time.Since(begun).Round(time.Millisecond))
	if all.InFlight == 0 {
		t.Error("no message was in flight in any snapshot")
	}
}

// The same seed does the same, to the byte.
func TestReplay(t *testing.T) {
	for seed := range uint64(20) {
		first, err := Run(seed, nil)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Run(seed, nil)
		if err != nil {
			t.Fatal(err)
		}
		if first != second {
			t.Errorf("seed %d: %+v, then %+v", seed, first, second)
		}
		if first.Snapshots == 0 || first.Trace == 0 {
			t.Errorf("seed %d: nothing happened: %+v", seed, first)
		}
	}
}
