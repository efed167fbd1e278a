package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// State says what became of a snapshot.
type State string

// The states.
const (
	Saved      State = "saved"
	Failed     State = "failed"     // abandoned
	Corrupt    State = "corrupt"    // its manifest or a part is proved corrupt
	Unfinished State = "unfinished" // it is being saved, or was when its assembler ended
)

// Entry is a snapshot in a list.
type Entry struct {
	ID            snapshot.ID
	Epoch, Number uint64 // Number is 0 if it was made from another snapshot or from a file
	Name          string
	State         State
	Why           string // why it failed, how it is corrupt, or by whom it is being saved
	Bytes         int64  // of its manifest and its parts
	// Base reports whether it is the base of the current epoch. KeptFor is the number of a
	// proposal for which it is kept and that is not decided; zero means none.
	Base     bool
	KeptFor  uint64
	Manifest *saved.Manifest // nil unless it is saved
	SHA256   string          // of the manifest
	Taken    *saved.Taken    // nil if the record is proved corrupt

	number  string         // name of the object by which it took its number
	damaged *saved.Damaged // nil unless it is Corrupt
	removed bool
	fated   bool // it has a fate
}

// Pinned reports whether retention leaves the snapshot because it has a name.
func (e *Entry) Pinned() bool { return e.Name != "" }

// restorable reports whether a restore can go to the snapshot.
func (e *Entry) restorable() bool { return e.State == Saved && e.Manifest.Restorable() }

// compareEntries orders by epoch and number. Snapshots without a number come first in
// their epoch.
func compareEntries(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Number, b.Number), cmp.Compare(a.ID, b.ID))
}

// List returns all snapshots, in the order of epoch and number. Objects that are not part
// of a store are left out.
func (s *Store) List() (entries []Entry, err error) {
	err = s.within(func() error {
		if entries, err = s.entries(); err != nil {
			return err
		}
		r, err := s.decisions()
		if err != nil {
			return err
		}
		for i := range entries {
			e := &entries[i]
			e.Base = e.ID == r.Base()
			if e.KeptFor <= r.Decided {
				e.KeptFor = 0
			}
		}
		return nil
	})
	return entries, err
}

// entries returns all snapshots that took a number and are not removed. It does not set
// Base, and sets KeptFor also if the number is decided.
func (s *Store) entries() ([]Entry, error) {
	entries, err := s.everyEntry()
	return slices.DeleteFunc(entries, func(e Entry) bool { return e.removed }), err
}

// everyEntry is entries with the removed ones whose number is still there.
func (s *Store) everyEntry() ([]Entry, error) {
	objects, err := s.list("")
	if err != nil {
		return nil, err
	}
	bytes := map[snapshot.ID]int64{}
	fates := map[snapshot.ID]uint64{}
	damaged := map[snapshot.ID]bool{}
	for _, o := range objects {
		if id, ok := parseSnapshot(o.Name); ok {
			bytes[id] += o.Bytes
			damaged[id] = damaged[id] || o.Name == damagedName(id)
		} else if id, seq, ok := parseFate(o.Name); ok {
			fates[id] = max(fates[id], seq)
		}
	}
	var entries []Entry
	for _, o := range objects {
		epoch, number, ok := parseTaken(o.Name)
		if !ok && !isDerived(o.Name) {
			continue
		}
		e, err := s.entry(o.Name, epoch, number, maps.Keys(bytes))
		if err != nil {
			return nil, err
		}
		if e == nil {
			continue
		}
		e.Bytes = bytes[e.ID]
		if e.State == Saved && damaged[e.ID] {
			if err := s.spoil(e); err != nil {
				return nil, err
			}
		}
		if seq := fates[e.ID]; seq > 0 {
			e.fated = true
			if e.removed, e.KeptFor, err = s.fateOf(e.ID, seq); err != nil {
				return nil, err
			}
		}
		entries = append(entries, *e)
	}
	slices.SortFunc(entries, compareEntries)
	return entries, nil
}

// spoil makes a saved entry corrupt, because its snapshot is noted as damaged.
func (s *Store) spoil(e *Entry) (err error) {
	if e.damaged, err = s.damaged(e.ID); err != nil || e.damaged == nil {
		return err
	}
	e.State, e.Why, e.Manifest = Corrupt, e.damaged.String(), nil
	return nil
}

// entry returns the snapshot that took a number, or nil if it was removed meanwhile. If the
// record of the number is corrupt, it looks for the snapshot among all.
func (s *Store) entry(taken string, epoch, number uint64, all iter.Seq[snapshot.ID]) (*Entry, error) {
	e := &Entry{Epoch: epoch, Number: number, number: taken}
	var t saved.Taken
	_, err := s.read(taken, &t)
	var corrupt *saved.CorruptError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &corrupt):
		for id := range all {
			if m, sha256, e2 := s.manifestAt(id); e2 == nil && m.Epoch == epoch && m.Number == number {
				e.ID, e.Name, e.State, e.Manifest, e.SHA256 = id, m.Name, Saved, m, sha256
				return e, nil
			}
		}
		e.State, e.Why = Corrupt, err.Error()
		e.damaged = &saved.Damaged{Object: corrupt.Object, Differ: corrupt.Differ}
		return e, nil
	case err != nil:
		return nil, err
	}
	e.ID, e.Epoch, e.Name, e.Taken = t.ID, t.Epoch, t.Name, &t
	m, sha256, err := s.manifestAt(t.ID)
	var abandoned *AbandonedError
	switch {
	case err == nil:
		e.State, e.Manifest, e.SHA256 = Saved, m, sha256
	case errors.Is(err, fs.ErrNotExist):
		e.State, e.Why = Unfinished, fmt.Sprintf("%s saves it", t.By.Process)
	case errors.As(err, &abandoned):
		e.State, e.Why = Failed, abandoned.Why
	case errors.As(err, &corrupt):
		e.State, e.Why = Corrupt, err.Error()
		e.damaged = &saved.Damaged{ID: t.ID, Object: corrupt.Object, Differ: corrupt.Differ}
	default:
		return nil, err
	}
	return e, nil
}

// manifestAt reads what lies at the place of a manifest. The error is fs.ErrNotExist if
// nothing does, and an [*AbandonedError] if that word does.
func (s *Store) manifestAt(id snapshot.ID) (*saved.Manifest, string, error) {
	name := manifestName(id)
	sealed, err := s.readAll(name)
	if err != nil {
		return nil, "", err
	}
	if format, err := saved.FormatOf(sealed); err == nil && format == (*saved.Abandoned)(nil).Format() {
		var a saved.Abandoned
		if err := open(name, sealed, &a); err != nil {
			return nil, "", err
		}
		return nil, "", &AbandonedError{id, a.Why}
	}
	m := new(saved.Manifest)
	if err := open(name, sealed, m); err != nil {
		return nil, "", err
	}
	if err := m.Check(); err != nil {
		return nil, "", &saved.CorruptError{Object: name, Differ: err.Error()}
	}
	if m.ID != id {
		return nil, "", &saved.CorruptError{Object: name, Differ: fmt.Sprintf("it is the manifest of snapshot %s", m.ID)}
	}
	return m, saved.Hash(sealed), nil
}

// Size returns how many bytes the store takes.
func (s *Store) Size() (bytes int64, err error) {
	err = s.within(func() error {
		objects, err := s.list("")
		for _, o := range objects {
			bytes += o.Bytes
		}
		return err
	})
	return bytes, err
}
