package store

import (
	"errors"
	"fmt"
	"io/fs"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// Take takes the next number of the epoch for t; t.Number is ignored. The error is a
// [*BusyError] if the snapshot before it has neither a manifest nor the word that it is
// abandoned, and a [*NameError] if another one has the name. Taking a number again for the
// same id returns the same number. If there is an error and a number, t has taken the number
// all the same: the caller must abandon it, or nobody can save the next snapshot.
func (s *Store) Take(t saved.Taken) (number uint64, err error) {
	if err := checkTaken(t); err != nil {
		return 0, err
	}
	err = s.within(func() (err error) {
		number, err = s.take(t)
		return err
	})
	return number, err
}

// Derive announces a snapshot that is being made from another one or from a file. It comes
// before the parts of the snapshot: parts that nobody announced are leftovers.
func (s *Store) Derive(t saved.Taken) error {
	if err := checkTaken(t); err != nil {
		return err
	}
	t.Number = 0
	return s.within(func() error {
		if err := s.nameIsFree(t); err != nil {
			return err
		}
		mine, _, err := s.create(derivedName(t.ID), saved.Seal(&t))
		if err == nil && !mine {
			err = fmt.Errorf("snapshot %s is being made by somebody else", t.ID)
		}
		return err
	})
}

func checkTaken(t saved.Taken) error {
	if err := saved.CheckID(t.ID); err != nil {
		return fmt.Errorf("id %q: %w", t.ID, err)
	}
	if t.Name != "" {
		if err := saved.CheckName(t.Name); err != nil {
			return fmt.Errorf("name %q: %w", t.Name, err)
		}
	}
	if t.Epoch == 0 {
		return errors.New("epoch 0: epochs begin at 1")
	}
	return nil
}

func (s *Store) take(t saved.Taken) (uint64, error) {
	if err := s.nameIsFree(t); err != nil {
		return 0, err
	}
	for {
		last, mine, err := s.lastEnded(t)
		if err != nil {
			return 0, err
		}
		if mine {
			return last, nil
		}
		t.Number = last + 1
		if mine, _, err = s.create(numberName(t.Epoch, t.Number), saved.Seal(&t)); err != nil {
			return 0, err
		}
		if !mine {
			continue // somebody took it first; perhaps it has ended already
		}
		// Retention frees the numbers of removed snapshots, but never the last one. So if
		// this number was free because it had been freed, a higher one is there.
		last, err = s.lastNumber(t.Epoch)
		if err != nil || last == t.Number {
			return t.Number, err
		}
		if err := s.delete(numberName(t.Epoch, t.Number)); err != nil {
			return 0, err
		}
	}
}

// lastEnded returns the last number of the epoch, and whether t has taken it already. The
// error is a [*BusyError] if another snapshot has taken it and has not ended.
func (s *Store) lastEnded(t saved.Taken) (last uint64, mine bool, err error) {
	last, err = s.lastNumber(t.Epoch)
	if err != nil || last == 0 {
		return last, false, err
	}
	var before saved.Taken
	_, err = s.read(numberName(t.Epoch, last), &before)
	var corrupt *saved.CorruptError
	switch {
	case errors.As(err, &corrupt):
		return last, false, nil // no snapshot can be saved under it
	case errors.Is(err, fs.ErrNotExist):
		return s.lastEnded(t) // it is no longer the last one, and was freed
	case err != nil:
		return 0, false, err
	}
	ended, err := s.ended(before.ID)
	switch {
	case err != nil:
		return 0, false, err
	case before.ID == t.ID:
		if ended {
			return 0, false, &AbandonedError{t.ID, "it has ended already"}
		}
		return last, true, nil
	case !ended:
		return 0, false, &BusyError{before}
	}
	return last, false, nil
}

// lastNumber returns the last number of an epoch that is taken, or 0.
func (s *Store) lastNumber(epoch uint64) (last uint64, err error) {
	objects, err := s.list(numbersPrefix(epoch))
	for _, o := range objects {
		if _, n, ok := parseTaken(o.Name); ok {
			last = max(last, n)
		}
	}
	return last, err
}

// ended reports whether a snapshot is saved, abandoned or removed.
func (s *Store) ended(id snapshot.ID) (bool, error) {
	_, err := s.readAll(manifestName(id))
	if !errors.Is(err, fs.ErrNotExist) {
		return true, err
	}
	_, fate, err := s.lastFate(id)
	return fate != nil && fate.Removed, err
}

// nameIsFree returns a [*NameError] if another snapshot has the name of t.
func (s *Store) nameIsFree(t saved.Taken) error {
	if t.Name == "" {
		return nil
	}
	entries, err := s.entries()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name == t.Name && e.ID != t.ID && e.State != Failed {
			return &NameError{t.Name, e.ID}
		}
	}
	return nil
}

// Abandon says that the snapshot of a number will not be saved. The error is an fs.ErrExist
// if it has been saved. Abandoning it again changes nothing.
func (s *Store) Abandon(epoch, number uint64, why string, by saved.Node) error {
	return s.within(func() error { return s.abandon(epoch, number, why, by) })
}

func (s *Store) abandon(epoch, number uint64, why string, by saved.Node) error {
	var t saved.Taken
	_, err := s.read(numberName(epoch, number), &t)
	if errors.Is(err, fs.ErrNotExist) {
		return &NotFoundError{numberName(epoch, number), ""}
	}
	if err != nil {
		return err
	}
	a := saved.Abandoned{Epoch: epoch, Number: number, ID: t.ID, Why: why, By: by}
	mine, there, err := s.create(manifestName(t.ID), saved.Seal(&a))
	if mine || err != nil {
		return err
	}
	if format, _ := saved.FormatOf(there); format == a.Format() {
		return nil
	}
	return fmt.Errorf("snapshot %s cannot be abandoned: %w", t.ID, fs.ErrExist)
}
