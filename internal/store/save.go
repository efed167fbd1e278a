package store

import (
	"errors"
	"io"

	"chandy/internal/saved"
	"chandy/snapshot"
)

var errStub = errors.New("not yet")

// ID returns the random id of the store, or an [*AbsentError] if there is no store.
func (s *Store) ID() (string, error) { return "", errStub }

// Create makes the store if there is none, with the id that is given, and returns the id
// that the store has. It first makes an object of the same name twice. If the second
// creation does not fail, the store is refused.
func (s *Store) Create(id string) (string, error) { return "", errStub }

// Take takes the next number of the epoch for t; t.Number is ignored. The error is a
// [*BusyError] if the snapshot before it has neither a manifest nor the word that it is
// abandoned. Taking a number again for the same id returns the same number.
func (s *Store) Take(t saved.Taken) (uint64, error) { return 0, errStub }

// Abandon says that the snapshot of a number will not be saved. The error is an fs.ErrExist
// if it has been saved. Abandoning it again changes nothing.
func (s *Store) Abandon(epoch, number uint64, why string, by saved.Node) error { return errStub }

// PutPart writes the part of a process; write is [saved.Part.Encode].
func (s *Store) PutPart(id snapshot.ID, process snapshot.ProcessID, write func(io.Writer) (saved.Summary, error)) (saved.Summary, error) {
	return saved.Summary{}, errStub
}

// OpenPart opens the part of a process; read it with [saved.ReadPart].
func (s *Store) OpenPart(id snapshot.ID, process snapshot.ProcessID) (io.ReadCloser, error) {
	return nil, errStub
}

// Save writes the manifest of a snapshot that has taken its number. All its parts must have
// been put. It returns the sha256 of the bytes of the manifest. The error is an
// [*AbandonedError] if the snapshot was abandoned. Saving the same manifest again changes
// nothing.
func (s *Store) Save(m *saved.Manifest) (string, error) { return "", errStub }

// SaveDerived is Save for a snapshot that was made from another one or from a file.
func (s *Store) SaveDerived(m *saved.Manifest) (string, error) { return "", errStub }
