package store

import "chandy/snapshot"

// Keep keeps a snapshot for the proposal of number n, whatever retention wants. A proposer
// calls it before it proposes. The error is a [*NotFoundError] if the snapshot was removed
// first.
func (s *Store) Keep(id snapshot.ID, n uint64) error { return errStub }

// Remove removes a snapshot. The error is a [*HeldError] if it is the base of the current
// epoch, or is kept for a proposal that is not decided. A named one needs force.
func (s *Store) Remove(id snapshot.ID, force bool) error { return errStub }

// Prune removes what retention does not keep, and returns the snapshots that it removed.
// It keeps the newest keep snapshots, and those that have a name or must not be removed.
// It also frees the parts of abandoned snapshots and what crashes have left.
func (s *Store) Prune(keep int) ([]snapshot.ID, error) { return nil, errStub }
