package store

import "chandy/internal/saved"

// Reading returns what the store says about the epoch.
func (s *Store) Reading() (saved.Reading, error) { return saved.Reading{}, errStub }

// Decide makes d the decision of its number, if there is none. It returns the decision that
// the number has, and whether it is d.
func (s *Store) Decide(d saved.Decision) (decided saved.Decision, mine bool, err error) {
	return saved.Decision{}, false, errStub
}

// Resume says that epoch n, which a commit held, runs. Saying it again changes nothing.
func (s *Store) Resume(n uint64) error { return errStub }
