package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"chandy/internal/saved"
	"chandy/snapshot"
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

// New returns the store of a cluster that lies in o. It does not touch o. An empty cluster
// means any.
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

const identityName = "chandy-store"

// ID returns the random id of the store, or an [*AbsentError] if there is no store.
func (s *Store) ID() (string, error) {
	var record identity
	_, err := s.read(identityName, &record)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil && s.id == "":
		return "", &AbsentError{s.String()}
	case err != nil:
		return "", &FailedError{"look for " + s.String(), errors.New("it has vanished")}
	case s.id != "" && record.ID != s.id:
		return "", &FailedError{"look for " + s.String(), fmt.Errorf("another store lies there now: its id is %s, not %s", record.ID, s.id)}
	case s.cluster != "" && record.Cluster != s.cluster:
		return "", fmt.Errorf("the store at %s belongs to cluster %q, not %q", s, record.Cluster, s.cluster)
	}
	s.id = record.ID
	return s.id, nil
}

// Create makes the store if there is none, with the id that is given, and returns the id
// that the store has. It first makes an object of the same name twice. If the second
// creation does not fail, the store is refused.
func (s *Store) Create(id string) (string, error) {
	if err := saved.CheckID(snapshot.ID(id)); err != nil {
		return "", fmt.Errorf("id of a store %q: %w", id, err)
	}
	var absent *AbsentError
	if has, err := s.ID(); !errors.As(err, &absent) {
		return has, err
	}
	if err := s.probe("probe-" + id); err != nil {
		return "", err
	}
	err := s.objects.Create(identityName, saved.Seal(&identity{id, s.cluster}))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", &FailedError{"make " + identityName, err}
	}
	return s.ID()
}

// probe returns an error unless only the first of two creations of name succeeds.
func (s *Store) probe(name string) error {
	err := s.objects.Create(name, nil)
	if err == nil {
		defer func() { _ = s.objects.Delete(name) }()
		err = s.objects.Create(name, nil)
		if err == nil {
			return fmt.Errorf("the store at %s is refused: an object was created twice, and decisions must be created once", s)
		}
	}
	if !errors.Is(err, fs.ErrExist) {
		return &FailedError{"probe " + s.String(), err}
	}
	return nil
}

// within does something with the objects of the store. It compares the id before and after:
// without a store, or in another one, everything seems not to be there.
func (s *Store) within(do func() error) error {
	if _, err := s.ID(); err != nil {
		return err
	}
	err := do()
	if _, e := s.ID(); e != nil {
		return e
	}
	return err
}

// read reads a record, and returns its bytes. The error is fs.ErrNotExist if there is none.
func (s *Store) read(name string, record saved.Record) ([]byte, error) {
	sealed, err := s.readAll(name)
	if err != nil {
		return nil, err
	}
	return sealed, open(name, sealed, record)
}

// open is saved.Open for an object.
func open(name string, sealed []byte, record saved.Record) error {
	err := saved.Open(sealed, record)
	var corrupt *saved.CorruptError
	if errors.As(err, &corrupt) {
		corrupt.Object = name
	}
	return err
}

// readAll reads an object. The error is fs.ErrNotExist if there is none.
func (s *Store) readAll(name string) ([]byte, error) {
	r, err := s.objects.Get(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, &FailedError{"read " + name, err}
	}
	defer r.Close()
	b, more, err := readAtMost(r, saved.RecordMax)
	switch {
	case err != nil:
		return nil, &FailedError{"read " + name, err}
	case more:
		return nil, &saved.CorruptError{Object: name, Differ: fmt.Sprintf("it has more than %d bytes", saved.RecordMax)}
	}
	return b, nil
}

// readAtMost reads at most limit bytes, and reports whether there are more.
func readAtMost(r io.Reader, limit int64) (b []byte, more bool, err error) {
	b, err = io.ReadAll(io.LimitReader(r, limit+1))
	return b, int64(len(b)) > limit, err
}

// create creates a record exclusively, and reports whether it is the one that lies there.
// If the answer to an earlier attempt was lost, the same bytes lie there.
func (s *Store) create(name string, sealed []byte) (mine bool, there []byte, err error) {
	for {
		err = s.objects.Create(name, sealed)
		if err == nil {
			return true, sealed, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return false, nil, &FailedError{"create " + name, err}
		}
		there, err = s.readAll(name)
		if !errors.Is(err, fs.ErrNotExist) { // else a removal has just freed it
			return string(there) == string(sealed), there, err
		}
	}
}

// list lists the objects below a prefix.
func (s *Store) list(prefix string) ([]Object, error) {
	objects, err := s.objects.List(prefix)
	if err != nil {
		return nil, &FailedError{"list " + s.String() + "/" + prefix, err}
	}
	return objects, nil
}

// delete deletes objects in this order.
func (s *Store) delete(names ...string) error {
	for _, name := range names {
		if err := s.objects.Delete(name); err != nil {
			return &FailedError{"delete " + name, err}
		}
	}
	return nil
}
