package netnode_test

import (
	"sync"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/snapshot"
)

// Snapshots of a cluster on loopback under load, several at once and from random
// initiators, are complete and keep the sum.
func TestSnapshotsUnderLoad(t *testing.T) {
	for _, test := range []struct {
		name              string
		processes         int
		settings          string
		snapshots, atOnce int
		inFlight          bool // messages are in flight for so long that snapshots contain some
	}{
		{"2,000 transfers a second", 4, "transfers_per_second = 500\n", 200, 5, false},
		{"6,000 transfers a second, in flight for 5 ms", 3, "transfers_per_second = 2000\n[network]\ndelay = \"5ms\"\n", 60, 4, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := clustertest.New(t, bankFile(test.processes, test.settings), banks)
			c.Start()
			c.Up()
			if inFlight := takeMany(t, c, test.snapshots, test.atOnce, int64(1000*test.processes)); test.inFlight && inFlight == 0 {
				t.Error("got no message in flight in any snapshot, want some")
			}
		})
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
					t.Errorf("at %s: got error %v, want a snapshot", at, err)
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
