package netnode

import (
	"fmt"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/store"
)

// startTimeout is how long the first node of a cluster that starts from a snapshot waits for
// the others.
const startTimeout = 24 * time.Hour

// startOrder returns the order to start from a saved snapshot.
func startOrder(s *store.Store, snap string) (*agreement.Order, error) {
	id, err := s.Find(snap)
	if err != nil {
		return nil, fmt.Errorf("start from %s: %w", snap, err)
	}
	_, sha256, err := s.Manifest(id)
	if err != nil {
		return nil, fmt.Errorf("start from %s: %w", snap, err)
	}
	return &agreement.Order{Snapshot: id, Manifest: sha256, Timeout: startTimeout}, nil
}
