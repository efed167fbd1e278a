package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"chandy/netnode"
	"chandy/program"
)

const (
	idleMax = 100 // processes of the largest idle mesh
	// idleMin is the fewest processes that the largest mesh is reduced to if there are
	// too few file descriptors: with fewer it would repeat the mesh of 32.
	idleMin = 33
)

func idleName(n int) string { return fmt.Sprintf("snapshot/idle/%d", n) }

// idleMesh measures a snapshot of a full mesh that does nothing, and compares it with a
// skeleton. Only one of the two exists at a time, so that they do not disturb each other.
func idleMesh(n int) Benchmark {
	title, size := idleName(n), fmt.Sprintf("%d processes", n)
	if n == idleMax {
		size = fmt.Sprintf("%d processes, or of as many as the file descriptors allow (at least %d)", n, idleMin)
	}
	return Benchmark{
		Name:  title,
		About: fmt.Sprintf("the time of a snapshot of an idle full mesh of %s, from a client's request to its JSON; compared with a skeleton that sends one marker on every channel and collects one part from every process", size),
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			name := title
			fits, why := idleFit(o.mesh(n), n == idleMax, descriptors())
			switch {
			case fits == 0:
				o.Skipped(title + ": " + why)
				return nil, nil
			case why != "":
				name = idleName(fits)
				o.Skipped(title + ": " + why + "; measuring " + name + " instead")
			}
			return compare(ctx, o, []figure{{name, "ms"}},
				func(ctx context.Context) ([]float64, error) { return idleRun(ctx, o, fits) },
				func(ctx context.Context) ([]float64, error) { return skeletonRun(ctx, o, fits) })
		},
	}
}

// idleFit returns how many processes a mesh of n can have with the given number of file
// descriptors. If that is not n, why is the reason; fits is then 0, or fewer than n if
// the parameter fewer permits that.
func idleFit(n int, fewer bool, have uint64) (fits int, why string) {
	need := meshDescriptors(n) + otherDescriptors
	if need <= have {
		return n, ""
	}
	why = fmt.Sprintf("needs %d file descriptors, ulimit -n allows %d", need, have)
	for n--; fewer && n >= idleMin; n-- {
		if meshDescriptors(n)+otherDescriptors <= have {
			return n, why
		}
	}
	return 0, why
}

// meshDescriptors returns how many file descriptors a full mesh of n processes and its
// client use during a snapshot. Each process has a listener. Each connection has two
// ends; there are connections for the channels, for the parts to the assembler, and for
// the client. A skeleton has the same connections, and its listeners are closed.
func meshDescriptors(n int) uint64 {
	connections := n*(n-1) + (n - 1) + 1
	return uint64(n + 2*connections)
}

// otherDescriptors is a margin for descriptors outside the mesh: the standard three, two
// for the runtime's poller, inherited ones, and connections that are about to be closed.
const otherDescriptors = 64

// idleRun returns the median time of a snapshot of a mesh of n processes, in ms.
func idleRun(ctx context.Context, o *Options, n int) (values []float64, err error) {
	err = shape{processes: n}.with(ctx, func(int) program.Program { return quiet{} }, func(_ *running, client *netnode.Client) (err error) {
		values, err = warmTime(o.snapshots(n), func() error {
			_, err := take(ctx, client, io.Discard)
			return err
		})
		return err
	})
	return values, err
}

// skeletonRun returns the same for a skeleton.
func skeletonRun(ctx context.Context, o *Options, n int) ([]float64, error) {
	s, err := newSkeleton(ctx, n)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return warmTime(o.snapshots(n), s.snapshot)
}

// warmUp is how many snapshots of a new mesh are not counted: during these, stacks and
// buffers grow and the connections of the parts are dialled.
const warmUp = 2

// warmTime calls f warmUp times, collects the garbage of the start, and returns medianTime.
func warmTime(n int, f func() error) ([]float64, error) {
	for range warmUp {
		if err := f(); err != nil {
			return nil, err
		}
	}
	runtime.GC()
	return medianTime(n, f)
}
