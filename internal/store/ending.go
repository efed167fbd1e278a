package store

import (
	"errors"
	"io/fs"

	"chandy/internal/saved"
)

// End notes how the program of a process ended. One process has at most one in an epoch.
func (s *Store) End(e saved.Ending) error {
	if err := e.Check(); err != nil {
		return err
	}
	return s.within(func() error {
		_, _, err := s.create(endingsPrefix(e.Epoch)+string(e.By.Process), saved.Seal(&e))
		return err
	})
}

// endings returns how the programs of an epoch ended, as far as they could say so. One that
// is corrupt is left out: nothing depends on it.
func (s *Store) endings(epoch uint64) (all []saved.Ending, err error) {
	objects, err := s.list(endingsPrefix(epoch))
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		var e saved.Ending
		_, err := s.read(o.Name, &e)
		var corrupt *saved.CorruptError
		switch {
		case err == nil && e.Check() == nil && o.Name == endingsPrefix(epoch)+string(e.By.Process):
			all = append(all, e)
		case err == nil, errors.As(err, &corrupt), errors.Is(err, fs.ErrNotExist):
		default:
			return nil, err
		}
	}
	return all, nil
}
