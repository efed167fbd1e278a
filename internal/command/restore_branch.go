package command

import (
	"errors"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/snapshot"
)

// branch returns the epoch in which the history of the cluster left the branch of a snapshot,
// or 0 if the snapshot is on the line of history: this epoch, the snapshots up to its base,
// up to the base of that epoch, and so on.
//
// A restore to a branch that was left needs the user's permission. A request can have
// happened there of which its client was told that it did not happen.
func (r *restorer) branch(m *saved.Manifest, permitted bool) (uint64, error) {
	s := storeOf(r.cluster)
	at, err := origin(s, m)
	if err != nil {
		return 0, err
	}
	reading, err := s.Reading()
	if err != nil {
		return 0, storeFailure(err)
	}
	epoch, base, most := reading.Epoch(), reading.Base(), ^uint64(0) // the last number that counts
	for {
		if at.Epoch == epoch && at.Number <= most {
			return 0, nil
		}
		if base == "" || at.Epoch >= epoch {
			break
		}
		before, _, err := s.Manifest(base)
		if err == nil {
			before, err = origin(s, before)
		}
		if err != nil {
			return 0, storeFailure(err)
		}
		if at.Epoch == before.Epoch && at.Number > before.Number || at.Epoch > before.Epoch {
			break
		}
		epoch, base, most = before.Epoch, before.Base, before.Number
	}
	if !permitted {
		return 0, fail(exitNo, "chandy restore --branch permits it; a request may have happened there although its client was told that it did not",
			"not restored: %s is on a branch that the cluster has left: epoch %d went back beyond it", m.ID, epoch)
	}
	return epoch, nil
}

// origin returns the saved snapshot of which another one was made, or the snapshot itself. A
// document that nobody saved stands for itself.
func origin(s *store.Store, m *saved.Manifest) (*saved.Manifest, error) {
	for m.Origin != nil && m.Origin.ID != "" {
		before, _, err := s.Manifest(snapshot.ID(m.Origin.ID))
		if errors.As(err, new(*store.NotFoundError)) {
			return m, nil
		}
		if err != nil {
			return nil, storeFailure(err)
		}
		m = before
	}
	return m, nil
}
