package netnode_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// resetsPatience is how long TestProxyResets waits for what must come.
const resetsPatience = 10 * time.Minute

var soak = flag.Bool("soak", false, "TestProxyResets does ten times as much: 1,000 resets, 5 million messages")

// seeded gives randomness whose seed is printed when the test fails.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// TestProxyResets resets connections of a cluster at random, channels and others,
// while it sends as fast as it can and snapshots are taken. Nothing is lost, doubled
// or reordered; each snapshot is exactly what the programs counted, and complete,
// but for some with too short a time-out.
func TestProxyResets(t *testing.T) {
	resets, messages, snapshots := 50, 250_000, 25
	switch {
	case *soak:
		resets, messages, snapshots = 10*resets, 10*messages, 10*snapshots
	case raceEnabled:
		resets, messages, snapshots = resets/5, messages/5, snapshots/5
	}
	for _, markers := range []string{"in-order", "ahead"} {
		t.Run(markers, func(t *testing.T) { proxyResets(t, markers, resets, messages, snapshots) })
	}
}

func proxyResets(t *testing.T, markers string, resets, messages, snapshots int) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), resetsPatience, fmt.Errorf("not within %v", resetsPatience))
	defer cancel()
	random := seeded(t)
	p := newProxy(t, random)
	const n = 4
	c := newCluster(t, p.from, bankFile(n, fmt.Sprintf("[snapshot]\nmarkers = %q\n[network]\noutbox_high = \"128KiB\"\n", markers)))
	channels := n * (n - 1)
	quota := uint64(messages / channels)
	ctx, all := newTally(ctx, t)
	begun := time.Now()
	all.start(c, quota, 8<<10)
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
		at[i], timeouts[i] = c.config.IDs()[p.intn(n)], time.Minute
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
				switch status, err := takeCounted(ctx, c, timeouts[i], at[i]); {
				case err != nil:
					t.Errorf("at %s, time-out %v: %v", at[i], timeouts[i], err)
				case status == "complete":
					complete.Add(1)
				case timeouts[i] == time.Minute:
					t.Errorf("at %s: %s", at[i], status)
				default:
					partial.Add(1)
				}
			})
		}
	})
	select {
	case <-all.at(total):
	case <-ctx.Done():
		for _, id := range c.config.IDs() {
			t.Logf("%+v", c.status(context.Background(), id))
		}
		t.Errorf("%d of %d messages: %v", all.total.Load(), total, context.Cause(ctx))
		cancel()
	}
	took := time.Since(begun)
	wait.Wait()
	// One more when everything has come: no channel holds anything.
	if text := c.finalCounted(ctx, "p1"); text != nil {
		for _, ch := range text.Channels {
			if *ch.Sent != quota || *ch.Received != quota {
				t.Errorf("%s->%s: sent %d, received %d of %d", ch.From, ch.To, *ch.Sent, *ch.Received, quota)
			}
		}
	}
	var reconnects, resent, duplicates, violations uint64
	for _, id := range c.config.IDs() {
		s := c.status(ctx, id)
		for _, o := range s.Outgoing {
			reconnects, resent = reconnects+o.Reconnects, resent+o.Resent
		}
		for _, in := range s.Incoming {
			duplicates, violations = duplicates+in.Duplicates, violations+in.Violations
		}
	}
	if violations > 0 {
		t.Errorf("%d violations", violations)
	}
	if done.Load() < int64(resets)*9/10 {
		t.Errorf("%d resets of %d", done.Load(), resets)
	}
	t.Logf("%d messages in %v, %d resets of channels (%d reconnects, %d messages resent, %d duplicates) and %d of assembly connections, %d snapshots complete, %d partial",
		all.total.Load(), took.Round(time.Millisecond), done.Load(), reconnects, resent, duplicates, others.Load(), complete.Load(), partial.Load())
}

// takeCounted takes a snapshot of counting processes and compares it with their
// counts. If it is partial, the reasons must be those of a time that was too short.
func takeCounted(ctx context.Context, c *cluster, timeout time.Duration, at snapshot.ProcessID) (status string, err error) {
	_, text, err := c.take(ctx, timeout, at)
	if err != nil {
		return "", err
	}
	s, err := checkCounted(text)
	if err != nil {
		return "", err
	}
	for _, m := range s.Missing {
		switch snapshot.Reason(m.Reason) {
		case snapshot.Unreachable, snapshot.PartNotReceived, snapshot.MarkerNotCome:
		default:
			return "", fmt.Errorf("%s: %s%s: %s, %s", s.Status, m.Process, m.Channel, m.Reason, m.Detail)
		}
	}
	if (s.Status == "partial") != (len(s.Missing) > 0) {
		return "", fmt.Errorf("%s, missing %v", s.Status, s.Missing)
	}
	return s.Status, nil
}

// finalCounted is a snapshot that must be complete.
func (c *cluster) finalCounted(ctx context.Context, at snapshot.ProcessID) *countedSnapshot {
	c.t.Helper()
	_, text, err := c.take(ctx, time.Minute, at)
	if err != nil {
		c.t.Error(err)
		return nil
	}
	s, err := checkCounted(text)
	if err != nil || s.Status != "complete" {
		c.t.Errorf("%s: %v", text, err)
		return nil
	}
	return s
}

// status is that of one node.
func (c *cluster) status(ctx context.Context, id snapshot.ProcessID) wire.ProcessStatus {
	c.t.Helper()
	client := c.client(ctx, id)
	defer client.Close()
	s, err := client.Status(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}
