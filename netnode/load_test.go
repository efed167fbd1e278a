package netnode_test

import (
	"sync"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/snapshot"
)

// TestSnapshotsUnderLoad takes 200 snapshots of a cluster on loopback whose money
// moves 2,000 times a second, from random initiators, several at once. Each must be
// complete, consistent and keep the sum.
func TestSnapshotsUnderLoad(t *testing.T) {
	c := clustertest.New(t, bankFile(4, "transfers_per_second = 500\n"), banks)
	c.Start()
	c.Up()
	takeMany(t, c, 200, 5, 4*1000)
}

// TestSnapshotsUnderLoadDelayed does the same while messages stay in flight for 5 ms.
func TestSnapshotsUnderLoadDelayed(t *testing.T) {
	c := clustertest.New(t, bankFile(3, "transfers_per_second = 2000\n[network]\ndelay = \"5ms\"\n"), banks)
	c.Start()
	c.Up()
	if inFlight := takeMany(t, c, 60, 4, 3*1000); inFlight == 0 {
		t.Error("got no message in flight in any snapshot, want some")
	}
}

// takeMany takes n snapshots, some at once, and returns how many messages were in
// flight in all.
func takeMany(t *testing.T, c *clustertest.Cluster, n, atOnce int, want int64) (inFlight int) {
	t.Helper()
	todo := make(chan snapshot.ProcessID, n)
	random := clustertest.Rand(t)
	ids := c.Config.IDs()
	for range n {
		todo <- ids[random.IntN(len(ids))]
	}
	close(todo)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range atOnce {
		wait.Go(func() {
			for at := range todo {
				s, err := c.Take(10*time.Second, at)
				if err != nil {
					t.Errorf("at %s: %v", at, err)
					return
				}
				if s.Status() != "complete" || sum(s) != want {
					t.Errorf("at %s: got a %s snapshot, sum %d, missing %v; want complete, %d", at, s.Status(), sum(s), s.Missing, want)
				}
				mu.Lock()
				inFlight += s.InFlight()
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return inFlight
}
