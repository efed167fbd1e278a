package sim

import "testing"

// Number of random clusters that the check runs.
const (
	quietSeeds      = 100
	faultySeeds     = 80
	leavingSeeds    = 50
	restoringSeeds  = 50
	recoveringSeeds = 100
)

func TestSnapshotsAreCompleteWithoutFaults(t *testing.T) {
	t.Parallel()
	all := runSeeds(t, quietSeeds, func(seed uint64) (Result, error) { return Run(seed, false, nil) })
	if all.Saved == 0 || all.Restores == 0 || all.InFlight == 0 {
		t.Errorf("got %d saved snapshots, %d restores and %d messages in flight, want some of each", all.Saved, all.Restores, all.InFlight)
	}
}

func TestSnapshotsAreConsistentWithFaults(t *testing.T) {
	t.Parallel()
	all := runSeeds(t, faultySeeds, func(seed uint64) (Result, error) { return Run(seed, true, nil) })
	if all.Saved == 0 || all.Restores == 0 || all.InFlight == 0 || all.Partial == 0 || all.Restarts == 0 {
		t.Errorf("got %d saved snapshots, %d restores, %d messages in flight, %d partial snapshots and %d restarts, want some of each",
			all.Saved, all.Restores, all.InFlight, all.Partial, all.Restarts)
	}
}

func TestRestoresAtAnyMoment(t *testing.T) {
	t.Parallel()
	all := runSeeds(t, restoringSeeds, func(seed uint64) (Result, error) { return RunRestores(seed, nil) })
	expectCrashPoints(t, all, restoringSeeds, 20)
}

func TestRecoveriesAtAnyMoment(t *testing.T) {
	t.Parallel()
	all := runSeeds(t, recoveringSeeds, func(seed uint64) (Result, error) { return RunRecoveries(seed, nil) })
	if all.Recoveries == 0 || all.Promised == 0 || all.Stops == 0 || all.SavedToStop == 0 {
		t.Errorf("got %d recoveries, %d saved snapshots that clients were told of, %d stops and %d snapshots saved before them, want some of each",
			all.Recoveries, all.Promised, all.Stops, all.SavedToStop)
	}
	expectCrashPoints(t, all, recoveringSeeds, 30)
}

func TestSameSeedReplaysTheSameRun(t *testing.T) {
	t.Parallel()
	for seed := range uint64(15) {
		for name, run := range map[string]func() (Result, error){
			"without faults": func() (Result, error) { return Run(seed, false, nil) },
			"with faults":    func() (Result, error) { return Run(seed, true, nil) },
			"with restores":  func() (Result, error) { return RunRestores(seed, nil) },
			"with recovery":  func() (Result, error) { return RunRecoveries(seed, nil) },
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
