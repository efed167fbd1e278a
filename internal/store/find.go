package store

import (
	"errors"
	"fmt"
	"io/fs"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// Manifest returns the manifest of a saved snapshot and the sha256 of its bytes. The error
// is a [*NotFoundError] if it is not saved or was removed.
func (s *Store) Manifest(id snapshot.ID) (m *saved.Manifest, sha256 string, err error) {
	if err := saved.CheckID(id); err != nil {
		return nil, "", &NotFoundError{string(id), ""}
	}
	err = s.within(func() (err error) {
		m, sha256, err = s.manifest(id)
		return err
	})
	return m, sha256, err
}

// manifest reads the manifest before it looks whether the snapshot has been removed: a
// removal goes the other way.
func (s *Store) manifest(id snapshot.ID) (*saved.Manifest, string, error) {
	m, sha256, err := s.manifestAt(id)
	var abandoned *AbandonedError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", &NotFoundError{string(id), ""}
	case errors.As(err, &abandoned):
		return nil, "", &NotFoundError{string(id), "is abandoned: " + abandoned.Why}
	case err != nil:
		return nil, "", err
	}
	taken := derivedName(id)
	if m.Number > 0 {
		taken = numberName(m.Epoch, m.Number)
	}
	_, err = s.hasNumber(id, taken)
	var corrupt *saved.CorruptError
	switch {
	case errors.As(err, &abandoned):
		return nil, "", &NotFoundError{string(id), "was removed"}
	case err != nil && !errors.As(err, &corrupt): // the snapshot is as good without the record
		return nil, "", err
	}
	if err := s.notRemoved(id); err != nil {
		return nil, "", err
	}
	return m, sha256, nil
}

// Find returns the id of a saved snapshot. snap is an id, a name, or "latest": the newest
// saved one of the current epoch, else the base of this epoch. Snapshots that were made
// from others are never the latest, unless they are the base. If the newest one is proved
// corrupt, "latest" is a [*saved.CorruptError] that names the next older one.
func (s *Store) Find(snap string) (snapshot.ID, error) {
	if snap == "latest" {
		return s.latest()
	}
	var notFound *NotFoundError
	if _, _, err := s.Manifest(snapshot.ID(snap)); !errors.As(err, &notFound) {
		return snapshot.ID(snap), err
	}
	entries, err := s.List()
	if err != nil {
		return "", err
	}
	var found snapshot.ID
	for _, e := range entries {
		if e.Name != snap || e.State != Saved && e.SHA256 == "" { // a damaged one is found, and can be looked at
			continue
		}
		if found != "" {
			return "", fmt.Errorf("%q is the name of two snapshots, %s and %s: use the id", snap, found, e.ID)
		}
		found = e.ID
	}
	if found == "" {
		return "", notFound
	}
	return found, nil
}

func (s *Store) latest() (snapshot.ID, error) {
	r, err := s.Reading()
	if err != nil {
		return "", err
	}
	id := r.Base()
	if r.Newest != nil {
		id = r.Newest.ID
	}
	if r.NotRestorable != "" {
		id = r.NotRestorable
	}
	if len(r.Corrupt) > 0 {
		older := "there is no older one"
		if id != "" && !r.NoneLeft() {
			older = "the next older one is " + string(id)
		}
		return "", &saved.CorruptError{Object: r.Corrupt[0].Object, Differ: "it is the newest one, and " + older}
	}
	if id == "" {
		return "", &NotFoundError{"latest", fmt.Sprintf("would be of epoch %d, which began from the initial state", r.Epoch())}
	}
	return id, nil
}
