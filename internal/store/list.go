package store

import (
	"chandy/internal/saved"
	"chandy/snapshot"
)

// State says what became of a snapshot.
type State string

// The states.
const (
	Saved      State = "saved"
	Failed     State = "failed"     // abandoned
	Corrupt    State = "corrupt"    // its manifest is proved corrupt
	Unfinished State = "unfinished" // it is being saved, or was when its assembler ended
)

// Entry is a snapshot in a list.
type Entry struct {
	ID            snapshot.ID
	Epoch, Number uint64
	Name          string
	State         State
	Why           string // why it failed, how it is corrupt, or who saves it
	Bytes         int64  // of all its objects
	// Base reports whether it is the base of the current epoch. KeptFor is the number of a
	// proposal for which it is kept and that is not decided; zero means none.
	Base     bool
	KeptFor  uint64
	Manifest *saved.Manifest // nil unless it is saved
	SHA256   string          // of the manifest
	Taken    *saved.Taken    // nil if it has no number
}

// Pinned reports whether retention leaves the snapshot because it has a name.
func (e *Entry) Pinned() bool { return e.Name != "" }

// List returns all snapshots, in the order of epoch and number. Objects that are not part
// of a store are left out.
func (s *Store) List() ([]Entry, error) { return nil, errStub }

// Manifest returns the manifest of a saved snapshot and the sha256 of its bytes. The error
// is a [*NotFoundError] if it is not saved or was removed.
func (s *Store) Manifest(id snapshot.ID) (*saved.Manifest, string, error) { return nil, "", errStub }

// Find returns the id of a saved snapshot. snap is an id, a name, or "latest": the newest
// saved one of the current epoch, else the base of this epoch. Snapshots that were made
// from others are never the latest, unless they are the base.
func (s *Store) Find(snap string) (snapshot.ID, error) { return "", errStub }

// Size returns how many bytes the store takes.
func (s *Store) Size() (int64, error) { return 0, errStub }
