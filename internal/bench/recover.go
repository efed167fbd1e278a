package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chandy/netnode"
	"chandy/snapshot"
)

// recoverIdle measures the recovery of n idle processes, which is the cost of a start of a
// process, of the agreement and of new connections.
func recoverIdle(n int) Benchmark {
	title := fmt.Sprintf("recover/%d", n)
	return Benchmark{
		Name:  title,
		About: fmt.Sprintf("the time from the start of a process that was killed until all %d idle operating-system processes run in the new epoch and all channels are up", n),
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			if o.Quick {
				n = 3
			}
			return compare(ctx, o, []figure{{title, "ms"}}, func(ctx context.Context) (values []float64, err error) {
				err = withRecovery(ctx, o, slices.Repeat([]int{smallState}, n), func(c *largeCluster, _ snapshot.ID) error {
					values, err = c.recovery(ctx, o)
					return err
				})
				return values, err
			}, nil)
		},
	}
}

// recoverLarge measures the recovery of a state of n bytes. On Linux neither side finds its
// file in memory.
func recoverLarge(n int) Benchmark {
	title := "recover/" + bytesLabel(n)
	return Benchmark{
		Name: title,
		About: "the time from the start of a process that was killed, with a state of " + bytesLabel(n) + ", until all 3 operating-system processes run in the new epoch and all channels are up; compared with a plain sequential read of its part. " +
			"On Linux both read it from the disk, elsewhere from memory if the system has it there",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			state, o, ok := stateRuns(o, title, n)
			if !ok {
				return nil, nil
			}
			var plain []float64
			return compare(ctx, o, []figure{{title, "ms"}}, func(ctx context.Context) (values []float64, err error) {
				err = withRecovery(ctx, o, []int{state, smallState, smallState}, func(c *largeCluster, id snapshot.ID) error {
					part := partPath(c.Store, id)
					if err := uncache(part); err != nil {
						return err
					}
					if values, err = c.recovery(ctx, o); err != nil {
						return err
					}
					if err := uncache(part); err != nil {
						return err
					}
					plain, err = medianTime(1, func() error { return plainRead(part) })
					return err
				})
				return values, err
			}, func(context.Context) ([]float64, error) { return plain, nil })
		},
	}
}

// withRecovery starts a cluster that recovers, with states of these lengths, and saves a
// snapshot. It calls f with them.
func withRecovery(ctx context.Context, o *Options, states []int, f func(c *largeCluster, id snapshot.ID) error) error {
	return withStates(ctx, o, job{Recover: "latest"}, states, func(c *largeCluster, client *netnode.Client, _ string) error {
		id, err := save(ctx, client)
		if err != nil {
			return err
		}
		return f(c, id)
	})
}

// recovery kills the first process and starts it again. It returns the time from there until
// the cluster runs, in ms.
func (c *largeCluster) recovery(ctx context.Context, o *Options) ([]float64, error) {
	before, err := c.epoch(ctx, 1)
	if err != nil {
		return nil, err
	}
	c.ends[0].kill()
	return medianTime(1, func() error {
		if err := c.start(ctx, o, 0, smallState); err != nil { // its state comes from the snapshot
			return err
		}
		c.tellAddresses()
		return c.awaitEpoch(ctx, before)
	})
}

// awaitEpoch waits until all channels are up in one epoch after before.
func (c *largeCluster) awaitEpoch(ctx context.Context, before uint64) error {
	for {
		if err := c.awaitUp(ctx); err != nil {
			return err
		}
		all := map[uint64]bool{}
		for i := range c.ends {
			epoch, err := c.epoch(ctx, i)
			if err != nil {
				return err
			}
			all[epoch] = true
		}
		if len(all) == 1 && !all[before] {
			return nil
		}
		if err := pause(ctx, time.Millisecond); err != nil { // a process has not noticed yet
			return err
		}
	}
}

func (c *largeCluster) epoch(ctx context.Context, i int) (uint64, error) {
	client, err := netnode.DialClient(ctx, c.cluster, name(i), c.network)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	status, err := client.Status(ctx)
	return status.Epoch, err
}
