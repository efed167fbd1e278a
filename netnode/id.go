package netnode

import (
	"math/rand/v2"
	"time"

	"chandy/internal/core"
)

// NewSnapshotID returns a new id, of the form that the ids of snapshots have, for one that is
// made without a node.
func NewSnapshotID() string {
	return core.NewName(time.Now(), rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
}
