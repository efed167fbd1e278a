package bench

import (
	"context"
	"errors"
	"runtime"

	"chandy/program"
)

// memory is what the idle end of a channel takes: heap and stacks of a full mesh
// beyond those of a ring, divided by the channel ends that it has more.
func memory() Benchmark {
	return Benchmark{
		Name:  "memory/channel-end",
		About: "heap and stacks of an idle end of a channel, its connection included: a full mesh of 32 less a ring of 32",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			n := o.mesh(32)
			ring := func(i int) []int { return []int{(i + 1) % n} }
			return compare(ctx, o, []figure{{"memory/channel-end", "KiB"}}, func(ctx context.Context) ([]float64, error) {
				mesh, err := held(ctx, shape{processes: n})
				if err != nil {
					return nil, err
				}
				thin, err := held(ctx, shape{processes: n, channels: ring})
				if err != nil {
					return nil, err
				}
				ends := 2 * (n*(n-1) - n)
				return []float64{(mesh - thin) / float64(ends) / (1 << 10)}, nil
			}, nil)
		},
	}
}

// held is how many bytes of heap and stacks a running idle cluster has.
func held(ctx context.Context, s shape) (bytes float64, err error) {
	before := inUse()
	r, err := start(ctx, s, func(int) program.Program { return quiet{} })
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	return inUse() - before, nil
}

// inUse is what heap and stacks have in use after two collections: the first
// empties pools, the second frees what they held.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) + float64(m.StackInuse)
}
