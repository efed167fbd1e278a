package store

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"chandy/internal/saved"
)

// Reading returns what the store says about the epoch.
func (s *Store) Reading() (r saved.Reading, err error) {
	err = s.within(func() (err error) {
		if r, err = s.decisions(); err != nil {
			return err
		}
		if r.Store, err = s.ID(); err != nil {
			return err
		}
		if r.Endings, err = s.endings(r.Epoch()); err != nil {
			return err
		}
		entries, err := s.entries()
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(entries) {
			switch {
			case e.Epoch != r.Epoch() || e.Number == 0 || e.ID == "" || r.Newest != nil:
			case e.restorable():
				r.Newest = &saved.Ref{ID: e.ID, Number: e.Number, Manifest: e.SHA256}
			case e.State == Saved && r.NotRestorable == "":
				r.NotRestorable = e.ID
			case e.State == Corrupt:
				r.Corrupt = append(r.Corrupt, *e.damaged)
			}
		}
		if r.Newest == nil {
			return s.older(&r, entries)
		}
		return nil
	})
	return r, err
}

// decisions returns a Reading without the snapshots. A list shows only what is durable, so
// a decision that is read here stays.
func (s *Store) decisions() (saved.Reading, error) {
	objects, err := s.list("epochs/")
	if err != nil {
		return saved.Reading{}, err
	}
	var numbers []uint64
	run := map[string]bool{}
	for _, o := range objects {
		run[o.Name] = true
		if n, ok := parseDecision(o.Name); ok {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	r := saved.Reading{Decided: 1}
	for _, n := range slices.Backward(numbers) {
		r.Decided = max(r.Decided, n)
		d, err := s.decision(n)
		if err != nil {
			return saved.Reading{}, err
		}
		if d.Verdict == saved.Commit {
			r.Commit, r.Run = d, run[runName(n)]
			break
		}
	}
	return r, nil
}

func (s *Store) decision(n uint64) (*saved.Decision, error) {
	d := new(saved.Decision)
	_, err := s.read(decisionName(n), d)
	if err == nil && d.Number != n {
		err = &saved.CorruptError{Object: decisionName(n), Differ: fmt.Sprintf("it is the decision %d", d.Number)}
	}
	return d, err
}

// Decide makes d the decision of its number, if there is none. It returns the decision that
// the number has, and whether it is d.
func (s *Store) Decide(d saved.Decision) (decided saved.Decision, mine bool, err error) {
	if err := d.Check(); err != nil {
		return saved.Decision{}, false, fmt.Errorf("decision %d: %w", d.Number, err)
	}
	err = s.within(func() error {
		var there []byte
		var err error
		if mine, there, err = s.create(decisionName(d.Number), saved.Seal(&d)); err != nil {
			return err
		}
		return open(decisionName(d.Number), there, &decided)
	})
	return decided, mine, err
}

// Resume says that epoch n runs, which a commit held, or which was held because a process
// had stopped. Saying it again changes nothing.
func (s *Store) Resume(n uint64) error {
	return s.within(func() error {
		d, err := s.decision(n)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("epoch %d cannot be resumed: nothing is decided about it", n)
		case err != nil:
			return err
		case d.Verdict != saved.Commit:
			return fmt.Errorf("epoch %d cannot be resumed: its decision is no commit", n)
		}
		_, _, err = s.create(runName(n), saved.Seal(&saved.Run{Number: n}))
		return err
	})
}
