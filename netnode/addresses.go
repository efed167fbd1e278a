package netnode

import (
	"sync"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/snapshot"
)

// dialsPerReading is how many dials of a peer fail before the node reads the cluster file
// again: the peer may have come back with another address. Names are looked up at each dial.
const dialsPerReading = 5

// addresses are the addresses of the peers, which may change in the cluster file while the
// node runs. They are safe for concurrent use.
type addresses struct {
	cluster *config.Cluster
	log     zerolog.Logger

	mu     sync.Mutex
	failed map[snapshot.ProcessID]int // dials since the last one that connected
	moved  map[snapshot.ProcessID]string
}

func newAddresses(c *config.Cluster, log zerolog.Logger) *addresses {
	return &addresses{cluster: c, log: log, failed: map[snapshot.ProcessID]int{}, moved: map[snapshot.ProcessID]string{}}
}

// of returns the address of a peer, which is old unless it has moved.
func (a *addresses) of(id snapshot.ProcessID, old string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if moved := a.moved[id]; moved != "" {
		return moved
	}
	return old
}

func (a *addresses) connected(id snapshot.ProcessID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failed, id)
}

// failedDial counts a dial that has failed, and reads the cluster file again when it is time.
func (a *addresses) failedDial(id snapshot.ProcessID, address string) {
	a.mu.Lock()
	a.failed[id]++
	due := a.failed[id]%dialsPerReading == 0
	a.mu.Unlock()
	if !due || a.cluster.Path == "" || a.cluster.Text != nil {
		return
	}
	now, err := config.Load(a.cluster.Path)
	if err != nil || now.Hash() != a.cluster.Hash() { // the file is being changed, or is of another cluster
		return
	}
	p, _ := now.Process(id)
	if p.Address == address {
		return
	}
	a.mu.Lock()
	a.moved[id] = p.Address
	a.mu.Unlock()
	a.log.Info().Str("peer", string(id)).Str("address", p.Address).Str("before", address).Msg("the cluster file has another address of the peer now")
}
