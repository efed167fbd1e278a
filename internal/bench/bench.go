package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Result is one measured figure.
type Result struct {
	Name string `json:"name"`
	// Value (of chandy) and Reference are medians, both in Unit. Reference and Ratio
	// are 0 if the benchmark has no reference.
	Value     float64 `json:"value"`
	Unit      string  `json:"unit"`
	Reference float64 `json:"reference"`
	Ratio     float64 `json:"ratio"` // of Value to Reference
	Runs      int     `json:"runs"`  // runs of each side
}

// Benchmark measures one subject and returns one or more Results.
type Benchmark struct {
	Name string
	// About describes what is measured and what the reference is, for a user.
	About string
	run   func(context.Context, *Options) ([]Result, error)
}

// Options configure a run.
type Options struct {
	// Runs is the number of runs of each side. It must be at least 1.
	Runs int
	// Quick reduces everything, for tests: a hundredth of the messages and of the
	// pauses, two snapshots a run, meshes of at most 10. The figures are then meaningless.
	Quick bool
	// Self is the command that starts this program again as the other
	// operating-system process of a pair. The benchmark appends one argument, which
	// the new process must pass to [Peer].
	Self []string
	// Progress is called with a line for the user before each run. Skipped is called
	// with the benchmark that cannot be measured and the reason. Both are required.
	Progress, Skipped func(string)
}

// messages scales n down in a quick run.
func (o *Options) messages(n int) int {
	if o.Quick {
		return max(1, n/100)
	}
	return n
}

// wait scales the pause d down in a quick run.
func (o *Options) wait(d time.Duration) time.Duration {
	if o.Quick {
		return d / 100
	}
	return d
}

// mesh limits the number of processes of a mesh in a quick run.
func (o *Options) mesh(n int) int {
	if o.Quick {
		return min(n, 10)
	}
	return n
}

// snapshots returns how many snapshots of a mesh of n processes make one run.
func (o *Options) snapshots(n int) int {
	if o.Quick {
		return 2
	}
	return max(9, 120/n)
}

// Run runs the benchmark. It returns early, with an error, when ctx is done. If the
// benchmark is skipped, it returns no results and no error.
func (b Benchmark) Run(ctx context.Context, o Options) ([]Result, error) {
	results, err := b.run(ctx, &o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	return results, nil
}

// Benchmarks returns all benchmarks, in the order in which they run.
func Benchmarks() []Benchmark {
	var all []Benchmark
	for _, size := range []int{16, 128, 1 << 10, 16 << 10} {
		all = append(all, throughput(size))
	}
	for _, size := range []int{16, 128, 1 << 10, 16 << 10} {
		all = append(all, secureThroughput(size))
	}
	all = append(all, journal(), roundTrip())
	for _, n := range []int{3, 10, 32, 100} {
		all = append(all, idleMesh(n))
	}
	for _, n := range []int{3, 10} {
		all = append(all, saturated(n))
	}
	all = append(all, backlog())
	for _, n := range []int{3, 10} {
		all = append(all, everySecond(n))
	}
	all = append(all, largeStates(), saveIdle())
	for _, n := range stateSizes {
		all = append(all, saveLarge(n))
	}
	all = append(all, restoreIdle())
	for _, n := range stateSizes {
		all = append(all, restoreLarge(n))
	}
	for _, n := range []int{3, 10} {
		all = append(all, recoverIdle(n))
	}
	for _, n := range stateSizes {
		all = append(all, recoverLarge(n))
	}
	return append(all, snapshotAfter(), memory(), childSpeed(), childPause())
}

// sample makes one run of one side and returns a value for each figure.
type sample func(ctx context.Context) ([]float64, error)

const sampleMax = 5 * time.Minute // at most, for one run of one side

func (s sample) run(ctx context.Context) ([]float64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sampleMax, fmt.Errorf("not finished within %v", sampleMax))
	defer cancel()
	values, err := s(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // err is only a consequence of the end of ctx
	}
	return values, err
}

// figure names one value of a sample.
type figure struct{ name, unit string }

// compare runs both sides alternately, o.Runs times each, and returns the medians.
// theirs is nil if there is no reference.
func compare(ctx context.Context, o *Options, figures []figure, ours, theirs sample) ([]Result, error) {
	var mine, reference [][]float64
	for i := range o.Runs {
		o.Progress(fmt.Sprintf("%s: run %d of %d", figures[0].name, i+1, o.Runs))
		values, err := ours.run(ctx)
		if err != nil {
			return nil, err
		}
		mine = append(mine, values)
		if theirs == nil {
			continue
		}
		if values, err = theirs.run(ctx); err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		reference = append(reference, values)
	}
	results := make([]Result, len(figures))
	for i, f := range figures {
		results[i] = Result{Name: f.name, Unit: f.unit, Value: medianOf(mine, i), Runs: o.Runs}
		if theirs != nil {
			results[i].compareWith(medianOf(reference, i))
		}
	}
	return results, nil
}

func (r *Result) compareWith(reference float64) {
	r.Reference = reference
	if reference != 0 {
		r.Ratio = r.Value / reference
	}
}

func medianOf(runs [][]float64, i int) float64 {
	var values []float64
	for _, run := range runs {
		values = append(values, run[i])
	}
	return median(values)
}

// median returns the middle of values, or the upper of the two in the middle.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the value below which a share q (0 to 1) of the values lies. values
// must not be empty and is not modified.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
