package bench

import (
	"context"
	"errors"
	"runtime"

	"chandy/program"
)

// memory measures the memory of one end of an idle channel. A full mesh and a ring of as
// many processes differ in nothing but channels. So the result is the difference in heap
// and stacks, divided by the difference in channel ends.
func memory() Benchmark {
	return Benchmark{
		Name:  "memory/channel-end",
		About: "heap and stacks of one end of an idle channel with its connection: the difference between a full mesh and a ring, both of 32 processes, divided by the difference in ends",
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

// held returns how many bytes of heap and stacks a running idle cluster uses.
func held(ctx context.Context, s shape) (bytes float64, err error) {
	before := inUse()
	r, err := start(ctx, s, func(int) program.Program { return quiet{} })
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	return inUse() - before, nil
}

// inUse returns the bytes in use on heap and stacks after two collections. The first
// empties the pools, the second frees their contents.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) + float64(m.StackInuse)
}
