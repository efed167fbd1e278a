package store

import (
	"errors"
	"io/fs"

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

// older adds to a reading that the base of the epoch is damaged, if it is, and which snapshot
// is the newest one before it in the line of history.
func (s *Store) older(r *saved.Reading, entries []Entry) error {
	byID := map[snapshot.ID]*Entry{}
	for i := range entries {
		byID[entries[i].ID] = &entries[i]
	}
	for base := byID[r.Base()]; base != nil && base.ID != "" && base.State == Corrupt; {
		r.Corrupt = append(r.Corrupt, *base.damaged)
		if base.Number == 0 { // it was made from another one, and does not say from which
			return nil
		}
		next := s.before(base, entries)
		if next == nil {
			if base.Epoch < 2 {
				return nil
			}
			d, err := s.decision(base.Epoch)
			if err != nil {
				return err
			}
			next = byID[d.Snapshot]
		}
		if next != nil && next.State == Saved && next.Manifest.Restorable() {
			r.Newest = &saved.Ref{ID: next.ID, Number: next.Number, Manifest: next.SHA256}
		}
		base = next
	}
	return nil
}

// before returns the newest snapshot of the epoch of e that is older than e, and that can be restored or
// is corrupt.
func (s *Store) before(e *Entry, entries []Entry) (found *Entry) {
	for i := range entries {
		one := &entries[i]
		if one.Epoch == e.Epoch && 0 < one.Number && one.Number < e.Number && one.ID != "" && (one.State == Saved && one.Manifest.Restorable() || one.State == Corrupt) {
			found = one
		}
	}
	return found
}
