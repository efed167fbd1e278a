package netnode_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"chandy/netnode"
	"chandy/snapshot"
)

// patience is how long a test on real sockets may take on a machine that has much
// else to do; nothing is asserted about time there but that it ends.
const patience = 5 * time.Minute

// TestSnapshotsUnderLoad takes 200 snapshots of a cluster on loopback whose money
// moves 2,000 times a second, from random initiators, several at once. Each must be
// complete, consistent and keep the sum.
func TestSnapshotsUnderLoad(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tcp := &netnode.Loopback{}
	c := newCluster(t, func(string) netnode.Network { return tcp }, bankFile(4, "transfers_per_second = 500\n"))
	c.startAll()
	c.waitUp(ctx)
	takeMany(ctx, t, c, 200, 5, 4*1000)
}

// TestSnapshotsUnderLoadDelayed is the same with messages that stay on the way.
func TestSnapshotsUnderLoadDelayed(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tcp := &netnode.Loopback{}
	c := newCluster(t, func(string) netnode.Network { return tcp }, bankFile(3, "transfers_per_second = 2000\n[network]\ndelay = \"5ms\"\n"))
	c.startAll()
	c.waitUp(ctx)
	if inFlight := takeMany(ctx, t, c, 60, 4, 3*1000); inFlight == 0 {
		t.Error("no snapshot had a message in flight")
	}
}

// takeMany takes n snapshots, some at once, and returns how many messages were in
// flight in all.
func takeMany(ctx context.Context, t *testing.T, c *cluster, n, atOnce int, sum int64) (inFlight int) {
	t.Helper()
	seed := rand.Uint64()
	todo := make(chan snapshot.ProcessID, n)
	random := rand.New(rand.NewPCG(seed, 0))
	ids := c.config.IDs()
	for range n {
		todo <- ids[random.IntN(len(ids))]
	}
	close(todo)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range atOnce {
		wait.Go(func() {
			for at := range todo {
				s, err := c.snapshot(ctx, 10*time.Second, at)
				if err != nil {
					t.Errorf("seed %d, at %s: %v", seed, at, err)
					return
				}
				if s.Status != "complete" || s.sum() != sum {
					t.Errorf("seed %d, at %s: %s, sum %d: %v", seed, at, s.Status, s.sum(), s.Missing)
				}
				mu.Lock()
				inFlight += s.end.InFlight
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return inFlight
}
