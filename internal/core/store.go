package core

import (
	"io"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// Store is where snapshots are saved. Package store implements it; its doc comments say what
// the methods do. They may take long, so the core calls them only off the loop.
type Store interface {
	ID() (string, error)
	Create(id string) (string, error)
	// Take may return an error with a method Holder, which returns the number that is taken,
	// or with a method NameTaken, which returns the name. If it returns a number too, that is
	// taken.
	Take(saved.Taken) (number uint64, err error)
	// Abandon may return an error with a method Again: another try may succeed.
	Abandon(epoch, number uint64, why string, by saved.Node) error
	PutPart(snapshot.ID, snapshot.ProcessID, func(io.Writer) (saved.Summary, error)) (saved.Summary, error)
	Save(*saved.Manifest) (sha256 string, err error)
	Prune(keep int) ([]snapshot.ID, error)
	Size() (int64, error)
	Manifest(snapshot.ID) (m *saved.Manifest, sha256 string, err error)
	ReadPart(m *saved.Manifest, process snapshot.ProcessID, state io.Writer) (*saved.Part, error)
	// Reading may return an error with a method Absent: there is no store, and so no decision.
	Reading() (saved.Reading, error)
	Decide(saved.Decision) (decided saved.Decision, mine bool, err error)
	Resume(epoch uint64) error
	End(saved.Ending) error
	Damage(saved.Damaged) error
	// Keep may return an error with a method Gone: no other try can succeed.
	Keep(id snapshot.ID, number uint64) error
}

// offLoop calls job off the loop, and then hands its result to then on the loop.
func offLoop[T any](c *Core, job func() T, then func(T)) {
	c.emit(Background{func() any { return job() }, func(result any) {
		t, _ := result.(T) // a nil error has no type
		then(t)
	}})
}
