package bench

import (
	"context"
	"io"
	"time"

	"chandy/netnode"
	"chandy/program"
	"chandy/wire"
)

// restoreIdle measures the restore of an idle mesh, which is the cost of the agreement and
// of new connections.
func restoreIdle() Benchmark {
	return Benchmark{
		Name:  "restore/idle",
		About: "the time of a restore of 3 idle processes, from a client's request until all of them run in the new epoch",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			return compare(ctx, o, []figure{{"restore/idle", "ms"}}, func(ctx context.Context) (values []float64, err error) {
				var took []float64
				err = withSaved(ctx, func(int) program.Program { return quiet{} }, nil, func(r *running, _ *netnode.Client, restore func() error) error {
					for range min(5, o.snapshots(3)) {
						one, err := medianTime(1, restore)
						if err != nil {
							return err
						}
						took = append(took, one...)
						if err := r.awaitUp(ctx); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					return nil, err
				}
				return []float64{median(took)}, nil
			}, nil)
		},
	}
}

// withSaved starts a mesh of 3 processes, waits until it is ready, and saves a snapshot. It
// calls f with a client and a function that restores the snapshot.
func withSaved(ctx context.Context, programs func(i int) program.Program, ready func(*running) error, f func(r *running, client *netnode.Client, restore func() error) error) error {
	return withStore(func(dir string) error {
		return shape{processes: 3, store: dir}.with(ctx, programs, func(r *running, client *netnode.Client) error {
			if ready != nil {
				if err := ready(r); err != nil {
					return err
				}
			}
			id, err := save(ctx, client)
			if err != nil {
				return err
			}
			restore, err := restorer(ctx, client, dir, id)
			if err != nil {
				return err
			}
			return f(r, client, restore)
		})
	})
}

// restoreLarge measures the restore of a state of n bytes. On Linux no side finds its file in
// memory. It has two references, because a plain read keeps nothing and checks nothing.
func restoreLarge(n int) Benchmark {
	title := "restore/" + bytesLabel(n)
	return Benchmark{
		Name: title,
		About: "the time of a restore of 3 operating-system processes, of which one has a state of " + bytesLabel(n) + ", until all of them run in the new epoch; compared with a plain sequential read of the same file, and (same-work) with a read into new memory with its sha256. " +
			"On Linux all of them read it from the disk, elsewhere from memory if the system has it there",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			state, o, ok := stateRuns(o, title, n)
			if !ok {
				return nil, nil
			}
			var plain []float64
			return compare(ctx, o, []figure{{title, "ms"}, {title + "/same-work", "ms"}}, func(ctx context.Context) (values []float64, err error) {
				values, plain, err = restoreRun(ctx, o, state)
				return values, err
			}, func(context.Context) ([]float64, error) { return plain, nil })
		},
	}
}

// restoreRun returns the time of a restore, once for each reference, and of a plain read and
// of one that does the same work, in ms.
func restoreRun(ctx context.Context, o *Options, state int) (values, plain []float64, err error) {
	err = withState(ctx, o, state, func(_ *largeCluster, client *netnode.Client, dir string) error {
		id, err := save(ctx, client)
		if err != nil {
			return err
		}
		restore, err := restorer(ctx, client, dir, id)
		if err != nil {
			return err
		}
		part := partPath(dir, id)
		for _, f := range []func() error{
			restore,
			func() error { return plainRead(part) },
			func() error { return hashedRead(part) },
		} {
			if err := uncache(part); err != nil {
				return err
			}
			took, err := medianTime(1, f)
			if err != nil {
				return err
			}
			plain = append(plain, took...)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return []float64{plain[0], plain[0]}, plain[1:], nil
}

const (
	restoredMessages = 10_000
	restoredMessage  = 16 // bytes
	restoredEach     = 10 * time.Millisecond
)

// snapshotAfter measures a snapshot right after a restore. It has two references, for the
// reasons that are given at backlog.
func snapshotAfter() Benchmark {
	return Benchmark{
		Name: "restore/snapshot-after",
		About: "the time until a snapshot of 3 processes is complete right after a restore, as soon as all channels are up, while 10,000 restored messages of 16 B wait on one channel for a program that takes 10 ms a message; " +
			"compared with an idle mesh right after a restore, and (same-bytes) with an idle mesh in which the state of the slow process is as long as the messages",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			n := o.messages(restoredMessages)
			return compare(ctx, o, []figure{{"restore/snapshot-after", "ms"}, {"restore/snapshot-after/same-bytes", "ms"}},
				func(ctx context.Context) ([]float64, error) {
					took, err := afterRun(ctx, o, n, func() program.Program { return &slow{each: restoredEach} })
					return []float64{took, took}, err
				},
				func(ctx context.Context) ([]float64, error) {
					idle, err := afterRun(ctx, o, 0, func() program.Program { return quiet{} })
					if err != nil {
						return nil, err
					}
					state := textState(n * frameLength(restoredMessage))
					same, err := afterRun(ctx, o, 0, func() program.Program { return &large{state: state} })
					return []float64{idle, same}, err
				})
		},
	}
}

// afterRun returns the median time, in ms, of a snapshot right after a restore of that many
// messages. receiver makes the program that receives them.
func afterRun(ctx context.Context, o *Options, messages int, receiver func() program.Program) (took float64, err error) {
	var first *source // of the initial state; a restored source sends nothing
	programs := func(i int) program.Program {
		switch i {
		case 0:
			s := newSource(name(1), make([]byte, restoredMessage))
			if first == nil {
				first = s
			}
			return s
		case 1:
			return receiver()
		}
		return quiet{}
	}
	sent := func(r *running) error {
		first.send(ctx, messages)
		return r.await(ctx, func(st wire.ProcessStatus) bool { return st.Outgoing[0].Sent == uint64(messages) })
	}
	var all []float64
	err = withSaved(ctx, programs, sent, func(r *running, client *netnode.Client, restore func() error) error {
		for range min(5, o.snapshots(3)) {
			if err := restore(); err != nil {
				return err
			}
			if err := r.awaitUp(ctx); err != nil {
				return err
			}
			end, err := take(ctx, client, io.Discard)
			if err != nil {
				return err
			}
			all = append(all, end.ElapsedMS)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return median(all), nil
}
