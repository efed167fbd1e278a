package store

import (
	"errors"
	"io/fs"
	"slices"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// Damage notes that a snapshot is proved corrupt. Only the first note of a snapshot counts.
func (s *Store) Damage(d saved.Damaged) error {
	if err := d.Check(); err != nil {
		return err
	}
	return s.within(func() error {
		_, _, err := s.create(damagedName(d.ID), saved.Seal(&d))
		return err
	})
}

// damaged returns the note about a snapshot, or nil if it was removed meanwhile. A note that
// is corrupt itself is a note.
func (s *Store) damaged(id snapshot.ID) (*saved.Damaged, error) {
	d := new(saved.Damaged)
	_, err := s.read(damagedName(id), d)
	var corrupt *saved.CorruptError
	switch {
	case errors.As(err, &corrupt):
		return &saved.Damaged{ID: id, Object: corrupt.Object, Differ: corrupt.Differ}, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	}
	return d, err
}

// Older returns the newest snapshot before another one in its line of history that can be
// restored. If no snapshot can be, it returns an empty id.
func (s *Store) Older(id snapshot.ID) (older snapshot.ID, err error) {
	err = s.within(func() error {
		entries, err := s.entries()
		if err != nil {
			return err
		}
		for e := find(entries, id); e != nil; {
			if e, err = s.preceding(e, entries); err != nil {
				return err
			}
			if e != nil && e.restorable() {
				older = e.ID
				return nil
			}
		}
		return nil
	})
	return older, err
}

// older adds to a reading that the base of the epoch is damaged, if it is, and which snapshot
// is the newest one before it in the line of history.
func (s *Store) older(r *saved.Reading, entries []Entry) error {
	for base := find(entries, r.Base()); base != nil && base.ID != "" && base.State == Corrupt; {
		r.Corrupt = append(r.Corrupt, *base.damaged)
		next, err := s.preceding(base, entries)
		if err != nil {
			return err
		}
		if next != nil && next.restorable() {
			r.Newest = &saved.Ref{ID: next.ID, Number: next.Number, Manifest: next.SHA256}
		}
		base = next
	}
	return nil
}

// preceding returns the snapshot before e in its line of history that can be restored or is
// corrupt, or nil: the newest one of its epoch that is older, else the base of the epoch.
func (s *Store) preceding(e *Entry, entries []Entry) (found *Entry, err error) {
	if e.Number == 0 { // it was made from another one, and does not say from which
		return nil, nil
	}
	for i := range entries {
		one := &entries[i]
		if one.Epoch == e.Epoch && 0 < one.Number && one.Number < e.Number && one.ID != "" && (one.restorable() || one.State == Corrupt) {
			found = one
		}
	}
	if found != nil || e.Epoch < 2 {
		return found, nil
	}
	d, err := s.decision(e.Epoch)
	if err != nil {
		return nil, err
	}
	return find(entries, d.Snapshot), nil
}

// find returns the entry of a snapshot, or nil.
func find(entries []Entry, id snapshot.ID) *Entry {
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.ID == id })
	if i < 0 || id == "" {
		return nil
	}
	return &entries[i]
}
