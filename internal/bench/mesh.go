package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"chandy/netnode"
	"chandy/program"
	"chandy/wire"
)

// snapshotMax is the time-out of a snapshot.
const snapshotMax = time.Minute

// take takes a snapshot, which must be complete.
func take(ctx context.Context, client *netnode.Client, out io.Writer) (wire.EndReply, error) {
	end, err := client.Initiate(ctx, nil, snapshotMax, true, out, nil)
	if err == nil && end.Status != "complete" {
		err = fmt.Errorf("snapshot %s is %s: %q", end.ID, end.Status, end.Missing)
	}
	return end, err
}

// medianTime is the median of the times that f takes, n times, in ms.
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
	// saturatedMessages are on the way on every channel, twice what saturatedNetwork
	// lets the sender write ahead: the others wait in its outbox.
	saturatedMessages = 32
	saturatedNetwork  = `window = "16KiB"`
)

// saturated is the time until a snapshot of a full mesh is complete, with messages
// of 1 KiB waiting on every channel all the time, against the same mesh at rest.
func saturated(n int) Benchmark {
	title := fmt.Sprintf("snapshot/saturated/%d", n)
	return Benchmark{
		Name: title,
		About: fmt.Sprintf("a snapshot of a full mesh of %d in which %d messages of 1 KiB are on the way on every channel and as many as possible are received, "+
			"until it is complete, with both marker rules, against the idle mesh", n, saturatedMessages),
		run: func(ctx context.Context, o *Options) (results []Result, err error) {
			idle := &meshRun{snapshots: o.snapshots(n), shape: shape{processes: n}, program: func(int) program.Program { return quiet{} }}
			for _, rule := range []string{"ahead", "in-order"} {
				full := &meshRun{
					snapshots: o.snapshots(n),
					shape:     shape{processes: n, network: saturatedNetwork, snapshot: fmt.Sprintf("markers = %q", rule)},
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

// meshRun is a cluster that is started for one run.
type meshRun struct {
	shape
	program   func(i int) program.Program
	snapshots int           // that are one run
	warm      int           // before them, which do not count
	every     time.Duration // between two of them
	// ready waits until it is as it should be; nil: it is at once.
	ready func(ctx context.Context, r *running) error
	// take takes a snapshot; nil: it is take, and nobody looks at the JSON.
	take func(ctx context.Context, r *running, client *netnode.Client) (wire.EndReply, error)
}

// elapsed is the median of the times that snapshots take until they are complete.
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

// everySecond is what one snapshot a second costs: the processor time of an idle
// mesh with it and without.
func everySecond(n int) Benchmark {
	title := fmt.Sprintf("snapshot/every-second/%d", n)
	return Benchmark{
		Name:  title,
		About: fmt.Sprintf("the processor time that one snapshot a second adds to an idle full mesh of %d, JSON and its client included", n),
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

// snapshotCPU is the processor time that a snapshot a second takes, in % of a core: of
// some seconds with it less that of as many without.
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
