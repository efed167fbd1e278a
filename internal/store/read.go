package store

import (
	"errors"
	"io"
	"io/fs"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// OpenPart opens the part of a process; read it with [saved.ReadPart]. A part that is absent
// although the snapshot is saved is a [*saved.CorruptError].
func (s *Store) OpenPart(id snapshot.ID, process snapshot.ProcessID) (r io.ReadCloser, err error) {
	if err := checkPart(id, process); err != nil {
		return nil, err
	}
	err = s.within(func() (err error) {
		if r, err = s.objects.Get(partName(id, process)); err == nil {
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return &FailedError{"read " + partName(id, process), err}
		}
		if _, _, err := s.manifest(id); err != nil {
			return err
		}
		return &saved.CorruptError{Object: partName(id, process), Differ: "it is missing"}
	})
	if err != nil && r != nil {
		_ = r.Close()
		r = nil
	}
	return r, err
}

// ReadPart reads the part of a process of m, and checks it. It writes the state to w, see
// [saved.CopyPart]. If w is nil, the state is in the part.
func (s *Store) ReadPart(m *saved.Manifest, process snapshot.ProcessID, w io.Writer) (*saved.Part, error) {
	r, err := s.OpenPart(m.ID, process)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var p *saved.Part
	watched := &watched{w: w}
	if w == nil {
		p, err = saved.ReadPart(r, m, process)
	} else {
		p, err = saved.CopyPart(r, m, process, watched)
	}
	var corrupt *saved.CorruptError
	switch {
	case err == nil || watched.err != nil:
		return p, err
	case errors.As(err, &corrupt):
		corrupt.Object = partName(m.ID, process)
		return nil, err
	}
	return nil, &FailedError{"read " + partName(m.ID, process), err}
}
