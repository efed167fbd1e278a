package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// PutPart writes the part of a process; write is [saved.Part.Encode]. The snapshot must have
// taken its number, or have been announced with Derive.
func (s *Store) PutPart(id snapshot.ID, process snapshot.ProcessID, write func(io.Writer) (saved.Summary, error)) (saved.Summary, error) {
	if err := checkPart(id, process); err != nil {
		return saved.Summary{}, err
	}
	var summary saved.Summary
	err := s.within(func() error {
		var own error // of write, and not of the objects
		err := s.objects.Put(partName(id, process), func(w io.Writer) (err error) {
			watched := &watched{w: w}
			if summary, err = write(watched); watched.err == nil {
				own = err
			}
			return err
		})
		switch {
		case err == nil:
			return nil
		case own != nil:
			return own
		}
		return &FailedError{"write " + partName(id, process), err}
	})
	return summary, err
}

// watched remembers the error of a writer.
type watched struct {
	w   io.Writer
	err error
}

func (w *watched) Write(b []byte) (n int, err error) {
	n, err = w.w.Write(b)
	if err != nil {
		w.err = err
	}
	return n, err
}

func checkPart(id snapshot.ID, process snapshot.ProcessID) error {
	if err := saved.CheckID(id); err != nil {
		return fmt.Errorf("id %q: %w", id, err)
	}
	if err := process.Check(); err != nil {
		return fmt.Errorf("process %q: %w", process, err)
	}
	return nil
}

// Save writes the manifest of a snapshot that has taken its number. All its parts must have
// been put. It returns the sha256 of the bytes of the manifest. The error is an
// [*AbandonedError] if the snapshot was abandoned. Saving the same manifest again changes
// nothing.
func (s *Store) Save(m *saved.Manifest) (string, error) {
	if m.Number == 0 {
		return "", errors.New("number 0: a derived snapshot is saved with SaveDerived")
	}
	return s.save(m, numberName(m.Epoch, m.Number))
}

// SaveDerived is Save for a snapshot that was made from another one or from a file.
func (s *Store) SaveDerived(m *saved.Manifest) (string, error) {
	if m.Number != 0 {
		return "", fmt.Errorf("number %d: a derived snapshot has number 0", m.Number)
	}
	return s.save(m, derivedName(m.ID))
}

func (s *Store) save(m *saved.Manifest, taken string) (sha256 string, err error) {
	if err := m.Check(); err != nil {
		return "", fmt.Errorf("the manifest of %s: %w", m.ID, err)
	}
	if s.cluster != "" && m.Cluster != s.cluster {
		return "", fmt.Errorf("the manifest of %s: it is of cluster %q, not %q", m.ID, m.Cluster, s.cluster)
	}
	sealed := saved.Seal(m)
	err = s.within(func() error {
		if err := s.mayBeSaved(m, taken); err != nil {
			return err
		}
		if err := s.partsAreThere(m); err != nil {
			return err
		}
		mine, there, err := s.create(manifestName(m.ID), sealed)
		if err != nil {
			return err
		}
		if !mine {
			return notMine(m.ID, there)
		}
		// The snapshot may have been abandoned or removed long ago, and freed since.
		err = s.mayBeSaved(m, taken)
		var abandoned *AbandonedError
		if errors.As(err, &abandoned) {
			_ = s.delete(manifestName(m.ID)) // nobody takes it for saved, so it is only waste
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return saved.Hash(sealed), nil
}

// notMine returns why a manifest cannot be created.
func notMine(id snapshot.ID, there []byte) error {
	var a saved.Abandoned
	if err := saved.Open(there, &a); err == nil {
		return &AbandonedError{id, a.Why}
	}
	return fmt.Errorf("snapshot %s has another manifest already", id)
}

// mayBeSaved returns an error unless the snapshot has its number and was not removed.
func (s *Store) mayBeSaved(m *saved.Manifest, taken string) error {
	t, err := s.hasNumber(m.ID, taken)
	if err == nil && t.Name != m.Name {
		err = fmt.Errorf("the manifest of %s: its name is %q, and it took its number for the name %q", m.ID, m.Name, t.Name)
	}
	if err != nil {
		return err
	}
	return s.notRemoved(m.ID)
}

// hasNumber returns the record of a number. The error is an [*AbandonedError] unless the
// number belongs to the snapshot.
func (s *Store) hasNumber(id snapshot.ID, taken string) (t saved.Taken, err error) {
	_, err = s.read(taken, &t)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return t, &AbandonedError{id, taken + " is not there"}
	case err == nil && t.ID != id:
		return t, &AbandonedError{id, fmt.Sprintf("%s belongs to snapshot %s", taken, t.ID)}
	}
	return t, err
}

func (s *Store) notRemoved(id snapshot.ID) error {
	_, fate, err := s.lastFate(id)
	if err == nil && fate != nil && fate.Removed {
		err = &NotFoundError{string(id), "was removed"}
	}
	return err
}

// partsAreThere returns an error unless every part of the manifest lies in the store with
// its length. A node with another store is found so.
func (s *Store) partsAreThere(m *saved.Manifest) error {
	objects, err := s.list(partsPrefix(m.ID))
	if err != nil {
		return err
	}
	bytes := map[string]int64{}
	for _, o := range objects {
		bytes[o.Name] = o.Bytes
	}
	for _, p := range m.Processes {
		has, ok := bytes[partName(m.ID, p.ID)]
		switch {
		case !ok:
			return fmt.Errorf("snapshot %s cannot be saved: the part of %s does not lie in %s", m.ID, p.ID, s)
		case uint64(has) != p.Part.Bytes:
			return fmt.Errorf("snapshot %s cannot be saved: the part of %s has %d bytes in %s, not %d", m.ID, p.ID, has, s, p.Part.Bytes)
		}
	}
	return nil
}
