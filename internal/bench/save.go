package bench

import (
	"context"
	"io"

	"chandy/netnode"
	"chandy/program"
)

// saveIdle measures what the saving adds to a snapshot of an idle mesh.
func saveIdle() Benchmark {
	return Benchmark{
		Name:  "save/idle",
		About: "the time of a saved snapshot of 3 idle processes, from a client's request until it is in the store, in the folder for temporary files; compared with a snapshot of the same processes that is not saved, until the client has its JSON",
		run: func(ctx context.Context, o *Options) (results []Result, err error) {
			n := min(10, o.snapshots(3))
			err = withStore(func(dir string) error {
				return shape{processes: 3, store: dir}.with(ctx, func(int) program.Program { return quiet{} }, func(_ *running, client *netnode.Client) (err error) {
					results, err = compare(ctx, o, []figure{{"save/idle", "ms"}},
						func(ctx context.Context) ([]float64, error) {
							return warmTime(n, func() error {
								_, err := save(ctx, client)
								return err
							})
						},
						func(ctx context.Context) ([]float64, error) {
							return warmTime(n, func() error {
								_, err := take(ctx, client, io.Discard)
								return err
							})
						})
					return err
				})
			})
			return results, err
		},
	}
}

// saveLarge measures the saving of a state of n bytes.
func saveLarge(n int) Benchmark {
	title := "save/" + bytesLabel(n)
	return Benchmark{
		Name: title,
		About: "the time of a saved snapshot of 3 operating-system processes, of which one has a state of " + bytesLabel(n) + "; compared with a plain sequential write and fsync of the same bytes into the same folder. " +
			"With the largest state also the longest pause of its program, compared with as long a time without a snapshot, and the largest resident size of its process, divided by the state",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			state, o, ok := stateRuns(o, title, n)
			if !ok {
				return nil, nil
			}
			figures := []figure{{title, "ms"}, {title + "/pause", "ms"}, {title + "/memory", "times the state"}}
			if n < hugeState {
				figures = figures[:1] // the others say nothing of a state so small
			}
			var plain []float64
			return compare(ctx, o, figures, func(ctx context.Context) (values []float64, err error) {
				values, plain, err = saveRun(ctx, o, state)
				return values, err
			}, func(context.Context) ([]float64, error) { return plain, nil })
		},
	}
}

// saveRun returns the values of saveLarge, and those of its references.
func saveRun(ctx context.Context, o *Options, state int) (values, plain []float64, err error) {
	err = withState(ctx, o, state, func(c *largeCluster, client *netnode.Client, dir string) error {
		saved, quiet, err := c.compareQuiet(ctx, func() error {
			_, err := save(ctx, client)
			return err
		})
		if err != nil {
			return err
		}
		wrote, err := medianTime(1, func() error { return plainWrite(dir, state) })
		if err != nil {
			return err
		}
		values = []float64{saved[0], saved[1], saved[3] / float64(state)}
		plain = []float64{wrote[0], quiet[1], 0}
		return nil
	})
	return values, plain, err
}
