package store

import (
	"errors"
	"fmt"
	"io/fs"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// Keep keeps a snapshot for the proposal of number n, whatever retention wants. A proposer
// calls it before it proposes. The error is a [*NotFoundError] if the snapshot was removed
// first.
func (s *Store) Keep(id snapshot.ID, n uint64) error {
	if err := saved.CheckID(id); err != nil {
		return &NotFoundError{string(id), ""}
	}
	return s.within(func() error {
		for {
			seq, fate, err := s.lastFate(id)
			switch {
			case err != nil:
				return err
			case fate != nil && fate.Removed:
				return &NotFoundError{string(id), "was removed"}
			case fate == nil || fate.KeptFor < n:
				mine, _, err := s.create(fateName(id, seq+1), saved.Seal(&saved.Fate{ID: id, Sequence: seq + 1, KeptFor: n}))
				if err != nil {
					return err
				}
				if !mine {
					continue
				}
			}
			// A removal that is over has deleted its fates, but the manifest before them.
			_, _, err = s.manifest(id)
			return err
		}
	})
}

// lastFate returns the last fate of a snapshot and its place in the sequence, or nil and 0.
func (s *Store) lastFate(id snapshot.ID) (last uint64, fate *saved.Fate, err error) {
	for {
		objects, err := s.list("fate/")
		if err != nil {
			return 0, nil, err
		}
		last = 0
		for _, o := range objects {
			if of, seq, ok := parseFate(o.Name); ok && of == id {
				last = max(last, seq)
			}
		}
		if last == 0 {
			return 0, nil, nil
		}
		fate = new(saved.Fate)
		_, err = s.read(fateName(id, last), fate)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a removal has ended meanwhile
		}
		return last, fate, err
	}
}

// fateOf reads a fate that was listed. A removal may have deleted it meanwhile.
func (s *Store) fateOf(id snapshot.ID, seq uint64) (removed bool, keptFor uint64, err error) {
	var fate saved.Fate
	_, err = s.read(fateName(id, seq), &fate)
	if errors.Is(err, fs.ErrNotExist) {
		return true, 0, nil
	}
	return fate.Removed, fate.KeptFor, err
}

// Remove removes a snapshot. The error is a [*HeldError] if it is the base of the current
// epoch, or is kept for a proposal that is not decided. One that has a name or that is being
// saved needs force.
func (s *Store) Remove(id snapshot.ID, force bool) error {
	return s.within(func() error {
		entries, err := s.entries()
		if err != nil {
			return err
		}
		for i := range entries {
			e := &entries[i]
			switch {
			case e.ID != id || id == "":
			case e.Pinned() && !force:
				return &HeldError{id, fmt.Sprintf("it has the name %q", e.Name)}
			case e.State == Unfinished && !force:
				return &HeldError{id, e.Why}
			default:
				return s.remove(e)
			}
		}
		return &NotFoundError{string(id), ""}
	})
}

// remove removes a snapshot, whatever its name. The word "removed" comes before anything is
// deleted, and it comes exclusively after the last fate that was read. So a proposer that
// keeps the snapshot comes before, and is seen here, or after, and sees the word.
func (s *Store) remove(e *Entry) error {
	for {
		seq, fate, err := s.lastFate(e.ID)
		if err != nil {
			return err
		}
		if fate != nil && fate.Removed {
			return s.free(e)
		}
		// The decisions are read after the fate: the proposal for which the snapshot is
		// kept was decided before, or holds it.
		r, err := s.decisions()
		switch {
		case err != nil:
			return err
		case fate != nil && fate.KeptFor > r.Decided:
			return &HeldError{e.ID, fmt.Sprintf("it is kept for the proposal of epoch %d", fate.KeptFor)}
		case r.Base() == e.ID:
			return &HeldError{e.ID, fmt.Sprintf("it is the base of epoch %d", r.Epoch())}
		}
		mine, _, err := s.create(fateName(e.ID, seq+1), saved.Seal(&saved.Fate{ID: e.ID, Sequence: seq + 1, Removed: true}))
		if err != nil {
			return err
		}
		if mine {
			return s.free(e)
		}
	}
}

// free deletes a removed snapshot. Its number goes before its fates: without its number a
// snapshot is not saved, so nobody can keep it when the fates are gone. The last number of
// an epoch stays with the fates, because the next number follows from it.
func (s *Store) free(e *Entry) error {
	if err := s.delete(manifestName(e.ID)); err != nil {
		return err
	}
	if err := s.deleteBelow(snapshotPrefix(e.ID)); err != nil {
		return err
	}
	if e.Number > 0 {
		last, err := s.lastNumber(e.Epoch)
		if err != nil || last == e.Number {
			return err
		}
	}
	if err := s.delete(e.number); err != nil {
		return err
	}
	objects, err := s.list("fate/")
	if err != nil {
		return err
	}
	for _, o := range objects {
		if of, _, ok := parseFate(o.Name); ok && of == e.ID {
			if err := s.delete(o.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteBelow deletes all objects below a prefix.
func (s *Store) deleteBelow(prefix string) error {
	objects, err := s.list(prefix)
	for _, o := range objects {
		if err == nil {
			err = s.delete(o.Name)
		}
	}
	return err
}
