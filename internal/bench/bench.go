package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Result is one figure.
type Result struct {
	Name string `json:"name"`
	// Value and Reference are medians, both in Unit. Reference and Ratio are 0 where
	// there is nothing to compare with.
	Value     float64 `json:"value"`
	Unit      string  `json:"unit"`
	Reference float64 `json:"reference"`
	Ratio     float64 `json:"ratio"` // of Value to Reference
	Runs      int     `json:"runs"`
}

// Benchmark gives one or more Results.
type Benchmark struct {
	Name string
	// About says what is measured and what the reference is.
	About string
	run   func(context.Context, *Options) ([]Result, error)
}

// Options are those of a run.
type Options struct {
	// Runs is how often each side is measured.
	Runs int
	// Quick: a hundredth of the messages and of the waiting, two snapshots a run, and
	// meshes of at most 10, or 3 where they are
	// saturated without a limit. The figures mean nothing then.
	Quick bool
	// Self is the command that starts this program again as the other
	// operating-system process of a pair: with one more argument, which it must give
	// to [Peer].
	Self []string
	// Progress hears how far it is, Skipped what could not be measured and why.
	Progress, Skipped func(string)
}

// messages is how many there are instead of n.
func (o *Options) messages(n int) int {
	if o.Quick {
		return max(1, n/100)
	}
	return n
}

// wait is how long to wait instead of d.
func (o *Options) wait(d time.Duration) time.Duration {
	if o.Quick {
		return d / 100
	}
	return d
}

// mesh is how many processes a mesh has instead of n.
func (o *Options) mesh(n int) int {
	if o.Quick {
		return min(n, 10)
	}
	return n
}

// snapshots is how many snapshots of a mesh of n are one run.
func (o *Options) snapshots(n int) int {
	if o.Quick {
		return 2
	}
	return max(9, 120/n)
}

// Run runs the benchmark. It ends early, with an error, when ctx is done.
func (b Benchmark) Run(ctx context.Context, o Options) ([]Result, error) {
	results, err := b.run(ctx, &o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	return results, nil
}

// Benchmarks lists all benchmarks, in the order of their running.
func Benchmarks() []Benchmark {
	var all []Benchmark
	for _, size := range []int{16, 128, 1 << 10, 16 << 10} {
		all = append(all, throughput(size))
	}
	all = append(all, roundTrip())
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
	return append(all, memory(), childSpeed(), childPause())
}

// sample is one run of one side: a value for each of the figures.
type sample func(ctx context.Context) ([]float64, error)

// sampleMax is how long one may take.
const sampleMax = 5 * time.Minute

func (s sample) run(ctx context.Context) ([]float64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sampleMax, fmt.Errorf("it has not ended within %v", sampleMax))
	defer cancel()
	values, err := s(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // whatever it broke
	}
	return values, err
}

// figure names one value of a sample.
type figure struct{ name, unit string }

// compare lets both sides run in turns and gives the medians. Without a reference
// theirs is nil.
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

// median is the middle of values, the upper one of two.
func median(values []float64) float64 { return quantile(values, 0.5) }

func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
