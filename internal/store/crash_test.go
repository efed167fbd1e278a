package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
)

// course saves snapshot 2 after snapshot 1, removes 1, and makes 2 the base of epoch 2. It
// returns how many of its steps succeeded, and the first error.
func course(t testing.TB, s *store.Store) (done int, err error) {
	steps := []func() error{
		func() error { return save(s, 1, testID(2), "") },
		func() error { _, err := s.Prune(1); return err },
		func() error { return s.Keep(testID(2), 2) },
		func() error {
			_, sha, err := s.Manifest(testID(2))
			if err != nil {
				return err
			}
			_, _, err = s.Decide(saved.Decision{
				Number: 2, Verdict: saved.Commit, Kind: saved.ByHand, Ends: 1, Snapshot: testID(2), Manifest: sha,
				Voters: []saved.Node{node1}, Held: true, By: "p1",
			})
			return err
		},
		func() error { return s.Resume(2) },
	}
	for done, step := range steps {
		if err := step(); err != nil {
			return done, err
		}
	}
	return len(steps), nil
}

// checkAfter returns what is wrong with a store in which course crashed after done steps,
// or with the next save in it.
func checkAfter(s *store.Store, done int) error {
	whole := 0
	for n := 1; n <= 2; n++ {
		err := check(s, testID(n))
		var notFound *store.NotFoundError
		switch {
		case err == nil:
			whole++
		case !errors.As(err, &notFound):
			return fmt.Errorf("snapshot %d is neither absent nor valid: %w", n, err)
		case n == 2 && done >= 1:
			return fmt.Errorf("snapshot 2 was saved: %w", err)
		}
	}
	if whole == 0 {
		return errors.New("no snapshot is left")
	}
	r, err := s.Reading()
	switch {
	case err != nil:
		return err
	case done >= 4 && r.Base() != testID(2):
		return fmt.Errorf("after the commit the epoch is %d, its base %q", r.Epoch(), r.Base())
	case done >= 5 && !r.Run:
		return errors.New("the epoch that was resumed is held")
	case r.Base() != "":
		if err := check(s, r.Base()); err != nil {
			return fmt.Errorf("the base: %w", err)
		}
	}
	err = save(s, r.Epoch(), testID(3), "")
	var busy *store.BusyError
	if errors.As(err, &busy) {
		if err := s.Abandon(busy.Taken.Epoch, busy.Taken.Number, "it crashed", node1); err != nil {
			return fmt.Errorf("abandon: %w", err)
		}
		err = save(s, r.Epoch(), testID(3), "")
	}
	if err == nil {
		err = check(s, testID(3))
	}
	if err != nil {
		return fmt.Errorf("the next save: %w", err)
	}
	for range 2 {
		if _, err := s.Prune(5); err != nil {
			return fmt.Errorf("prune: %w", err)
		}
	}
	if latest, err := s.Find("latest"); latest != testID(3) || err != nil {
		return fmt.Errorf("latest is %s, %v", latest, err)
	}
	return checkNothingIsLeftOver(s)
}

// checkNothingIsLeftOver returns an error unless the entries account for all parts.
func checkNothingIsLeftOver(s *store.Store) error {
	entries, err := s.List()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.State == store.Corrupt || e.State == store.Unfinished {
			return fmt.Errorf("snapshot %s is %s: %s", e.ID, e.State, e.Why)
		}
		if e.State == store.Failed && e.Bytes > 1000 {
			return fmt.Errorf("snapshot %s is abandoned and has %d bytes", e.ID, e.Bytes)
		}
	}
	return nil
}

// begin makes a store with snapshot 1.
func begin(t testing.TB, o store.Objects) {
	s := store.New(o, "bank")
	_, err := s.Create("s1")
	must(t, err)
	must(t, save(s, 1, testID(1), ""))
}

func TestACrashInAnyOperationLeavesTheSnapshotAbsentOrValid(t *testing.T) {
	var changes []int // numbers of the operations that change something
	first := new(storetest.Memory)
	begin(t, first.Open(nil))
	m := first.Clone()
	_, err := course(t, store.New(m.Open(func(o storetest.Operation) *storetest.Fault {
		if o.Kind != "get" && o.Kind != "list" {
			changes = append(changes, o.Number)
		}
		return nil
	}), "bank"))
	must(t, err)
	if len(changes) < 15 {
		t.Errorf("%d operations change something, want 15 or more", len(changes))
	}
	for _, k := range changes {
		for _, moment := range []storetest.Moment{storetest.Before, storetest.Visible, storetest.After} {
			for _, lose := range []bool{false, true} {
				m := first.Clone()
				done, _ := course(t, store.New(m.Open(storetest.CrashAt(k, moment)), "bank"))
				if lose {
					m.Lose()
				}
				if err := checkAfter(store.New(m.Open(nil), "bank"), done); err != nil {
					t.Fatalf("crash in operation %d at moment %d, lose %v, after %d steps: %v\n%s", k, moment, lose, done, err, strings.Join(m.Names(), "\n"))
				}
			}
		}
	}
}

// TestACrashAtAnyCallOfTheFileSystemLeavesTheSnapshotAbsentOrValid crashes after every call
// that changed something; a write that comes next is done by half. Changes that were not
// synced are kept, lost, or lost at random.
func TestACrashAtAnyCallOfTheFileSystemLeavesTheSnapshotAbsentOrValid(t *testing.T) {
	kinds := map[string]int{}
	for k := 0; ; k++ {
		crashed := false
		for loss := range 3 {
			if loss == 0 && k%4 != 0 {
				continue // without a loss the next change shows the same
			}
			disk := newMemoryDisk()
			begin(t, store.FolderOn("/d/store", disk))
			first, last := disk.changes, ""
			done, err := course(t, store.New(store.FolderOn("/d/store", failingDisk{disk, func(op, path string) error {
				if last == "" && disk.changes-first < k {
					return nil
				}
				if last == "" {
					last = op + " " + path
					kinds[op]++
				}
				return errors.New("crashed")
			}}), "bank"))
			crashed = err != nil
			switch loss {
			case 1:
				disk.crash(nil)
			case 2:
				disk.crash(rand.New(rand.NewPCG(uint64(k), 1)))
			}
			if err := checkAfter(store.New(store.FolderOn("/d/store", disk), "bank"), done); err != nil {
				t.Fatalf("crash after change %d (before %s), loss %d, after %d steps: %v", k, last, loss, done, err)
			}
		}
		if !crashed {
			break
		}
	}
	for _, op := range []string{"write", "fsync", "link", "rename", "remove", "mkdir"} {
		if kinds[op] == 0 {
			t.Errorf("no crash before %s: %v", op, kinds)
		}
	}
}
