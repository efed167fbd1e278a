package sim

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"chandy/internal/config"
)

// Clients ask for snapshots of an hour and leave at random moments. Soon no process
// records anything for them, and the next snapshot is taken. Without faults it must be
// complete. With faults, soon means soon after the last one.
func TestSnapshotsEndWithTheirClients(t *testing.T) {
	t.Parallel()
	left := 0
	for seed := range seedsOf(leavingSeeds) {
		for _, faults := range []bool{false, true} {
			early, err := runLeaving(*fromSeed+seed, faults)
			if err != nil {
				t.Fatalf("seed %d, faults %v: %v", *fromSeed+seed, faults, err)
			}
			left += early
		}
	}
	t.Logf("%d clients left before their snapshots ended", left)
	if left == 0 {
		t.Error("got no client that left before its snapshot ended, want some")
	}
}

// runLeaving runs the cluster of a seed with clients that leave. It returns how many left
// before their snapshots ended.
func runLeaving(seed uint64, faults bool) (early int, err error) {
	random := rand.New(rand.NewPCG(seed, 2))
	cluster, err := config.Build(randomCluster(random, faults))
	if err != nil {
		return 0, err
	}
	r := runner{world: newWorld(seed, cluster, nil), random: random, faults: faults}
	r.latencyMax = time.Duration(1+random.IntN(5000)) * time.Microsecond
	for _, p := range cluster.Processes {
		if err := r.start(p); err != nil {
			return 0, err
		}
	}
	r.world.run(time.Duration(random.IntN(300)) * time.Millisecond)
	until, within := r.now+100*time.Millisecond, time.Second
	if faults {
		r.plant()
		until, within = faultsUntil, convergeWithin
	}
	for range 2 * cluster.Snapshot.Limit {
		at := cluster.Processes[random.IntN(len(cluster.Processes))].ID
		asks := r.now + time.Duration(random.Int64N(int64(until-r.now)))
		leaves := asks + time.Duration(random.Int64N(int64(until-asks)+1))
		if random.IntN(2) == 0 {
			leaves = min(leaves, asks+4*r.latencyMax) // while markers and parts are on their way
		}
		r.at(asks, func() {
			one := r.ask(at, r.initiate(time.Hour))
			r.at(leaves, func() {
				if !one.ended {
					early++
				}
				one.leave()
			})
		})
	}
	r.world.run(until + within)
	for _, p := range cluster.Processes {
		held := r.nodes[p.ID].core.Holdings()
		for _, what := range []string{"recordings", "assemblies", "parts", "shipments", "sections"} {
			if held[what] > 0 {
				return early, fmt.Errorf("%s long after all clients left: got holdings %v, want no %s", p.ID, held, what)
			}
		}
	}
	next := r.ask(cluster.Processes[0].ID, r.initiate(timeout))
	r.taken = []*asked{next}
	if err := r.finish(!faults); err != nil {
		return early, err
	}
	if next.refused != "" {
		return early, fmt.Errorf("got a refusal, want a snapshot: %s", next.refused)
	}
	return early, nil
}
