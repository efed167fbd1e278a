package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"chandy/netnode"
	"chandy/program"
)

// idleMax is the largest idle mesh. Where the file descriptors do not allow it, it is
// as many processes as they do, but idleMin at least: fewer tell nothing new beside 32.
const (
	idleMax = 100
	idleMin = 33
)

func idleName(n int) string { return fmt.Sprintf("snapshot/idle/%d", n) }

// idleMesh is a snapshot of a full mesh that does nothing, against a skeleton. Only
// one of the two is there at a time.
func idleMesh(n int) Benchmark {
	title, size := idleName(n), fmt.Sprint(n)
	if n == idleMax {
		size = fmt.Sprintf("%d, or of as many as there are file descriptors for (%d at least)", n, idleMin)
	}
	return Benchmark{
		Name:  title,
		About: fmt.Sprintf("a snapshot of an idle full mesh of %s, from a client's request to its JSON, against a skeleton that sends one marker on every channel and collects one part from every process", size),
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			name := title
			fits, why := idleFit(o.mesh(n), n == idleMax, descriptors())
			switch {
			case fits == 0:
				o.Skipped(title + ": " + why)
				return nil, nil
			case why != "":
				name = idleName(fits)
				o.Skipped(title + ": " + why + "; " + name + " in its place")
			}
			return compare(ctx, o, []figure{{name, "ms"}},
				func(ctx context.Context) ([]float64, error) { return idleRun(ctx, o, fits) },
				func(ctx context.Context) ([]float64, error) { return skeletonRun(ctx, o, fits) })
		},
	}
}

// idleFit is how large a mesh is measured in place of one of n, with so many file
// descriptors: n, or with a word why not, fewer if that may be, or 0.
func idleFit(n int, fewer bool, have uint64) (fits int, why string) {
	need := meshDescriptors(n) + otherDescriptors
	if need <= have {
		return n, ""
	}
	why = fmt.Sprintf("it needs %d file descriptors, and there are %d (ulimit -n)", need, have)
	for n--; fewer && n >= idleMin; n-- {
		if meshDescriptors(n)+otherDescriptors <= have {
			return n, why
		}
	}
	return 0, why
}

// meshDescriptors returns how many file descriptors a full mesh of n and its client need
// during a snapshot: a listener for each process, and two ends of each connection. There
// is a connection for each channel, for each part to the assembler, and for the client.
// A skeleton has the same connections, and its listeners are closed.
func meshDescriptors(n int) uint64 {
	connections := n*(n-1) + (n - 1) + 1
	return uint64(n + 2*connections)
}

// otherDescriptors is about how many a program has beside a mesh: the standard three,
// the two of the runtime's poller, what it inherited, the ends of connections that
// are about to be closed.
const otherDescriptors = 64

// idleRun is the median time of a snapshot of a mesh of n, in ms.
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

// skeletonRun is the same of a skeleton.
func skeletonRun(ctx context.Context, o *Options, n int) ([]float64, error) {
	s, err := newSkeleton(ctx, n)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return warmTime(o.snapshots(n), s.snapshot)
}

// warmUp is how many snapshots of a mesh that has just been started are not counted:
// stacks and buffers grow, and the connections of the parts are dialled.
const warmUp = 2

// warmTime is medianTime when f has been called a few times, and what starting took
// has been collected.
func warmTime(n int, f func() error) ([]float64, error) {
	for range warmUp {
		if err := f(); err != nil {
			return nil, err
		}
	}
	runtime.GC()
	return medianTime(n, f)
}
