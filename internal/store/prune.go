package store

import (
	"errors"
	"io/fs"
	"slices"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// Prune removes old snapshots, and returns their ids. It leaves the newest keep snapshots and,
// unless keep is 0, the newest one that can be restored. It also leaves named and corrupt ones,
// and snapshots that are held as in [Store.Remove]. It removes a
// snapshot without a number only if that was kept for a proposal once. Prune also frees the
// parts of abandoned snapshots, all but the newest keep records of them, and leftovers of
// crashes.
func (s *Store) Prune(keep int) (removed []snapshot.ID, err error) {
	err = s.within(func() error {
		if err := s.objects.Clean(); err != nil {
			return &FailedError{"clean " + s.String(), err}
		}
		if err := s.freeLeftovers(); err != nil {
			return err
		}
		entries, err := s.everyEntry()
		if err != nil {
			return err
		}
		r, err := s.decisions()
		if err != nil {
			return err
		}
		slices.Reverse(entries) // the newest first
		saves, failures, restorable := 0, 0, false
		for i := range entries {
			e := &entries[i]
			goal := keep > 0 && !restorable && !e.removed && e.Number > 0 && e.restorable() // of a recovery
			restorable = restorable || goal
			switch {
			case e.removed:
				err = s.free(e) // a removal that did not end
			case e.State == Failed:
				failures++
				err = s.forget(e, failures > keep)
			case e.State == Unfinished && e.Number > 0 && e.Epoch < r.Epoch():
				err = s.abandon(e.Epoch, e.Number, "its epoch ended", e.Taken.By)
				var notFound *NotFoundError
				if errors.Is(err, fs.ErrExist) || errors.As(err, &notFound) {
					err = nil // saved at the last moment, or freed by another node
				}
			case e.State != Saved || e.Pinned() || e.Number == 0 && !e.fated:
			case goal, e.Number > 0 && saves < keep:
				saves++
			default:
				err = s.remove(e)
				var held *HeldError
				if errors.As(err, &held) {
					err = nil
				} else if err == nil {
					removed = append(removed, e.ID)
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return removed, err
}

// forget frees the parts of an abandoned snapshot, and its records too if all is set. The
// number goes before the word "abandoned": without its number it can no longer be saved.
// The last number of an epoch stays, because the next one follows from it.
func (s *Store) forget(e *Entry, all bool) error {
	if err := s.deleteBelow(partsPrefix(e.ID)); err != nil || !all {
		return err
	}
	if last, err := s.lastNumber(e.Epoch); err != nil || last == e.Number {
		return err
	}
	return s.delete(e.number, manifestName(e.ID))
}

// freeLeftovers deletes the parts and fates of snapshots that have no number. It lists the
// objects before the numbers: a snapshot takes its number before it has any object. It
// leaves what has a manifest, because somebody may have lost the number in a copy.
func (s *Store) freeLeftovers() error {
	objects, err := s.list("")
	if err != nil {
		return err
	}
	keep, err := s.numbered()
	if err != nil || keep == nil {
		return err
	}
	for _, o := range objects {
		if id, ok := parseSnapshot(o.Name); ok && o.Name == manifestName(id) {
			keep[id] = true
		}
	}
	for _, o := range objects {
		id, ok := parseSnapshot(o.Name)
		if !ok {
			id, _, ok = parseFate(o.Name)
		}
		if ok && !keep[id] {
			if err := s.delete(o.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// numbered returns the snapshots that have a number or were announced. It returns nil if a
// record is corrupt: then nobody can say what is left over.
func (s *Store) numbered() (map[snapshot.ID]bool, error) {
	objects, err := s.list("")
	if err != nil {
		return nil, err
	}
	all := map[snapshot.ID]bool{}
	for _, o := range objects {
		_, _, ok := parseTaken(o.Name)
		if !ok && !isDerived(o.Name) {
			continue
		}
		var t saved.Taken
		_, err := s.read(o.Name, &t)
		var corrupt *saved.CorruptError
		switch {
		case errors.As(err, &corrupt):
			return nil, nil
		case errors.Is(err, fs.ErrNotExist): // freed meanwhile
		case err != nil:
			return nil, err
		default:
			all[t.ID] = true
		}
	}
	return all, nil
}
