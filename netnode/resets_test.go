package netnode_test

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/explore"
	"chandy/snapshot"
	"chandy/wire"
)

// resetsPatience is how long TestProxyResets may take.
const resetsPatience = 10 * time.Minute

var soak = flag.Bool("soak", false, "TestProxyResets does ten times as much: 1,000 resets, 5 million messages")

// TestProxyResets resets connections of a cluster at random, of channels and of assembly,
// while the cluster sends as fast as it can and snapshots are taken. Nothing is lost,
// doubled or reordered. Each snapshot agrees exactly with what the programs counted. It is
// complete, unless its time-out was too short.
func TestProxyResets(t *testing.T) {
	resets, messages, snapshots := 50, 250_000, 25
	switch {
	case *soak:
		resets, messages, snapshots = 10*resets, 10*messages, 10*snapshots
	case explore.Race:
		resets, messages, snapshots = resets/5, messages/5, snapshots/5
	}
	for _, markers := range []string{"in-order", "ahead"} {
		t.Run(markers, func(t *testing.T) { proxyResets(t, markers, resets, messages, snapshots) })
	}
}

func proxyResets(t *testing.T, markers string, resets, messages, snapshots int) {
	p := newProxy(t)
	const n = 4
	c := p.cluster(bankFile(n, fmt.Sprintf("[snapshot]\nmarkers = %q\n[network]\noutbox_high = \"128KiB\"\n", markers)))
	var cancel context.CancelFunc
	c.Ctx, cancel = context.WithTimeoutCause(t.Context(), resetsPatience, fmt.Errorf("not within %v", resetsPatience))
	defer cancel()
	channels := n * (n - 1)
	quota := uint64(messages / channels)
	all := newTally(t, c)
	ctx := c.Ctx
	begun := time.Now()
	all.start(quota, 8<<10)
	total := quota * uint64(channels)

	var wait sync.WaitGroup
	var done, others atomic.Int64
	wait.Go(func() {
		for i := range resets {
			select {
			case <-all.at(total * uint64(i+1) / uint64(resets+1)):
			case <-ctx.Done():
				return
			}
			if r := p.any(wire.RoleChannel); r != nil {
				r.reset()
				done.Add(1)
			}
			if r := p.any(wire.RoleAssembly); r != nil && i%4 == 0 {
				r.reset()
				others.Add(1)
			}
		}
	})
	at := make([]snapshot.ProcessID, snapshots)
	timeouts := make([]time.Duration, snapshots)
	for i := range at {
		at[i], timeouts[i] = c.Config.IDs()[p.intn(n)], time.Minute
		if i%5 == 4 {
			timeouts[i] = time.Duration(1+p.intn(20)) * time.Millisecond
		}
	}
	var complete, partial atomic.Int64
	wait.Go(func() {
		var each sync.WaitGroup
		defer each.Wait()
		for i := range snapshots {
			select {
			case <-all.at(total * uint64(i+1) / uint64(snapshots+1)):
			case <-ctx.Done():
				return
			}
			each.Go(func() {
				switch status, err := takeCounted(c, timeouts[i], at[i]); {
				case err != nil:
					t.Errorf("at %s, time-out %v: got error %v, want none", at[i], timeouts[i], err)
				case status == "complete":
					complete.Add(1)
				case timeouts[i] == time.Minute:
					t.Errorf("at %s: got %s, want complete", at[i], status)
				default:
					partial.Add(1)
				}
			})
		}
	})
	select {
	case <-all.at(total):
	case <-ctx.Done():
		t.Errorf("messages: got %d, want %d: %v", all.total.Load(), total, context.Cause(ctx))
		cancel()
	}
	took := time.Since(begun)
	wait.Wait()
	if ctx.Err() != nil {
		c.Ctx = t.Context()
		for _, id := range c.Config.IDs() {
			t.Logf("%+v", c.Status(id))
		}
		return
	}
	// One more snapshot when everything has been received: no channel holds anything.
	for _, ch := range finalCounted(t, c, "p1").Channels {
		if ch.Sent != quota || ch.Received != quota {
			t.Errorf("%s: got sent %d, received %d, want %d", ch.Channel, ch.Sent, ch.Received, quota)
		}
	}
	var reconnects, resent, duplicates, violations uint64
	for _, id := range c.Config.IDs() {
		s := c.Status(id)
		for _, o := range s.Outgoing {
			reconnects, resent = reconnects+o.Reconnects, resent+o.Resent
		}
		for _, in := range s.Incoming {
			duplicates, violations = duplicates+in.Duplicates, violations+in.Violations
		}
	}
	if violations > 0 {
		t.Errorf("violations: got %d, want none", violations)
	}
	if done.Load() < int64(resets)*9/10 {
		t.Errorf("resets: got %d, want about %d", done.Load(), resets)
	}
	t.Logf("%d messages in %v, %d resets of channels (%d reconnects, %d messages resent, %d duplicates) and %d of assembly connections, %d snapshots complete, %d partial",
		all.total.Load(), took.Round(time.Millisecond), done.Load(), reconnects, resent, duplicates, others.Load(), complete.Load(), partial.Load())
}

// takeCounted takes a snapshot of counting processes and compares it with their counts.
// If it is partial, its reasons must be those of a time-out that is too short.
func takeCounted(c *clustertest.Cluster, timeout time.Duration, at snapshot.ProcessID) (status string, err error) {
	s, err := c.Take(timeout, at)
	if err == nil {
		err = checkCounted(s)
	}
	if err != nil {
		return "", err
	}
	for _, m := range s.Missing {
		switch m.Reason {
		case snapshot.Unreachable, snapshot.PartNotReceived, snapshot.MarkerNotCome:
		default:
			return "", fmt.Errorf("got missing %+v, want a reason of a short time-out", m)
		}
	}
	return s.Status(), nil
}

// finalCounted takes a snapshot that must be complete and have the programs' counts.
func finalCounted(t *testing.T, c *clustertest.Cluster, at snapshot.ProcessID) *clustertest.Snapshot {
	t.Helper()
	s := c.Complete(at)
	if err := checkCounted(s); err != nil {
		t.Errorf("%v\n%s", err, s)
	}
	return s
}
