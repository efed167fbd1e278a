package store

import (
	"sync"

	"chandy/internal/saved"
)

// Store is the store of a cluster. It is safe for concurrent use. Its methods may take as
// long as the objects do, so a node calls them off its loop.
//
// An error is one of three kinds:
//
//   - [*saved.CorruptError]: what lies there is proved to differ from what was saved;
//   - [*FailedError]: the objects failed, or the store is not the one that it was;
//   - others: the request cannot be met, such as [*BusyError] or [*NotFoundError].
type Store struct {
	objects Objects
	cluster string

	mu sync.Mutex
	id string // of the store, once it was read
}

// New returns the store of a cluster that lies in o. It does not touch o.
func New(o Objects, cluster string) *Store { return &Store{objects: o, cluster: cluster} }

// String returns where the store lies.
func (s *Store) String() string { return s.objects.String() }

// identity is the record of the object chandy-store.
type identity struct {
	ID      string `json:"id"`
	Cluster string `json:"cluster"`
}

// Format returns the format of the record.
func (*identity) Format() string { return "chandy/store.v1" }

var _ saved.Record = (*identity)(nil)
