package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/program"
	"chandy/wire"
)

const snapshotMax = time.Minute // time-out of a snapshot

// take takes a snapshot and writes its JSON to out. A partial snapshot is an error.
func take(ctx context.Context, client *netnode.Client, out io.Writer) (wire.EndReply, error) {
	end, err := client.Initiate(ctx, nil, snapshotMax, true, out, nil)
	if err == nil && end.Status != "complete" {
		err = fmt.Errorf("snapshot %s is %s, not complete: missing %q", end.ID, end.Status, end.Missing)
	}
	return end, err
}

// medianTime calls f n times and returns the median of its durations, in ms.
func medianTime(n int, f func() error) ([]float64, error) {
	var took []float64
	for range n {
		began := time.Now()
		if err := f(); err != nil {
			return nil, err
		}
		took = append(took, float64(time.Since(began).Nanoseconds())/1e6)
	}
	return []float64{median(took)}, nil
}

const (
	// saturatedMessages is how many messages are always on their way on each channel.
	// saturatedWindow holds half of them, and the other half waits in the sender's outbox.
	saturatedMessages = 32
	saturatedWindow   = 16 << 10 // bytes
)

// saturated measures the time until a snapshot of a full mesh is complete while messages
// of 1 KiB wait on every channel, and compares it with the same mesh at rest.
func saturated(n int) Benchmark {
	title := fmt.Sprintf("snapshot/saturated/%d", n)
	return Benchmark{
		Name: title,
		About: fmt.Sprintf("the time until a snapshot of a full mesh of %d processes is complete while %d messages of 1 KiB are always on their way on every channel, "+
			"with both rules for markers; compared with the idle mesh", n, saturatedMessages),
		run: func(ctx context.Context, o *Options) (results []Result, err error) {
			idle := &meshRun{snapshots: o.snapshots(n), shape: shape{processes: n}, program: func(int) program.Program { return quiet{} }}
			for _, rule := range []string{"ahead", "in-order"} {
				full := &meshRun{
					snapshots: o.snapshots(n),
					shape:     shape{processes: n, network: config.Network{Window: saturatedWindow}, markers: rule},
					program: func(int) program.Program {
						return &flood{payload: bytes.Repeat([]byte("x"), 1<<10), each: saturatedMessages}
					},
				}
				some, err := compare(ctx, o, []figure{{title + "/" + rule, "ms"}}, full.elapsed, idle.elapsed)
				if err != nil {
					return nil, err
				}
				results = append(results, some...)
			}
			return results, nil
		},
	}
}

// meshRun describes a cluster that is started for one run.
type meshRun struct {
	shape
	program   func(i int) program.Program
	snapshots int           // snapshots that count
	warm      int           // snapshots before these, which do not count
	every     time.Duration // pause before each snapshot
	// ready, if non-nil, waits until the cluster is in the state to be measured.
	ready func(ctx context.Context, r *running) error
	// take takes one snapshot. Nil means the function take, with the JSON discarded.
	take func(ctx context.Context, r *running, client *netnode.Client) (wire.EndReply, error)
}

// elapsed runs the cluster and returns the median time until a snapshot is complete, in
// ms as the assembler measured it.
func (m *meshRun) elapsed(ctx context.Context) (values []float64, err error) {
	one := m.take
	if one == nil {
		one = func(ctx context.Context, _ *running, client *netnode.Client) (wire.EndReply, error) {
			return take(ctx, client, io.Discard)
		}
	}
	var took []float64
	err = m.with(ctx, m.program, func(r *running, client *netnode.Client) error {
		if m.ready != nil {
			if err := m.ready(ctx, r); err != nil {
				return err
			}
		}
		for range m.warm + m.snapshots {
			if err := pause(ctx, m.every); err != nil {
				return err
			}
			end, err := one(ctx, r, client)
			if err != nil {
				return err
			}
			took = append(took, end.ElapsedMS)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []float64{median(took[m.warm:])}, nil
}

// everySecond measures what one snapshot a second costs: the difference in processor
// time of an idle mesh with and without it.
func everySecond(n int) Benchmark {
	title := fmt.Sprintf("snapshot/every-second/%d", n)
	return Benchmark{
		Name:  title,
		About: fmt.Sprintf("the processor time that one snapshot a second adds to an idle full mesh of %d processes, including JSON and client", n),
		run: func(ctx context.Context, o *Options) (results []Result, err error) {
			err = shape{processes: n}.with(ctx, func(int) program.Program { return quiet{} }, func(_ *running, client *netnode.Client) (err error) {
				results, err = compare(ctx, o, []figure{{title, "% of a core"}}, func(ctx context.Context) ([]float64, error) {
					return snapshotCPU(ctx, o, client)
				}, nil)
				return err
			})
			return results, err
		},
	}
}

// snapshotCPU returns the processor time that one snapshot a second adds, in percent of
// a core. It compares a few seconds with snapshots and as many seconds without.
func snapshotCPU(ctx context.Context, o *Options, client *netnode.Client) ([]float64, error) {
	const seconds = 3
	var used [2]time.Duration
	for with := range used {
		before := cpu()
		for range seconds {
			if with == 1 {
				if _, err := take(ctx, client, io.Discard); err != nil {
					return nil, err
				}
			}
			if err := pause(ctx, o.wait(time.Second)); err != nil {
				return nil, err
			}
		}
		used[with] = cpu() - before
	}
	return []float64{100 * (used[1] - used[0]).Seconds() / seconds}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
