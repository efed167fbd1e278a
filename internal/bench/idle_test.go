package bench

import (
	"context"
	"io"
	"os"
	"runtime"
	"testing"

	"chandy/program"
)

// openDescriptors is how many file descriptors are open.
func openDescriptors(t *testing.T) int {
	if runtime.GOOS != "linux" {
		t.Skip("it counts in /proc")
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestMeshDescriptors counts what a mesh and a skeleton have open.
func TestMeshDescriptors(t *testing.T) {
	open := func() int { return openDescriptors(t) }
	const n = 6
	takes := int(meshDescriptors(n))
	s, err := newSkeleton(t.Context(), n) // before: the runtime opens its poller with the first socket
	if err != nil {
		t.Fatal(err)
	}
	with := open()
	s.close()
	before := open()
	if got := with - before + n; got != takes { // its listeners are closed
		t.Errorf("a skeleton of %d takes %d descriptors, not %d", n, got, takes)
	}

	r, err := start(t.Context(), shape{processes: n}, func(int) program.Program { return quiet{} })
	if err != nil {
		t.Fatal(err)
	}
	defer r.stop()
	client, err := r.client(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := take(t.Context(), client, io.Discard); err != nil {
		t.Fatal(err)
	}
	for range 100_000 { // the clients that waited for the channels are being closed
		if open()-before <= takes {
			break
		}
		runtime.Gosched()
	}
	if got := open() - before; got != takes {
		t.Errorf("a mesh of %d takes %d descriptors, not %d", n, got, takes)
	}
}

func TestIdleFit(t *testing.T) {
	need := func(n int) uint64 { return meshDescriptors(n) + otherDescriptors }
	for _, c := range []struct {
		n     int
		fewer bool
		have  uint64
		fits  int
	}{
		{100, true, need(100), 100},
		{100, true, need(100) - 1, 99},
		{100, true, 20000, 99},
		{100, true, need(idleMin), idleMin},
		{100, true, need(idleMin) - 1, 0},
		{32, false, need(32), 32},
		{32, false, need(32) - 1, 0},
		{10, true, need(10) - 1, 0}, // as with Quick
	} {
		fits, why := idleFit(c.n, c.fewer, c.have)
		if fits != c.fits || (why == "") != (fits == c.n) {
			t.Errorf("of %d with %d descriptors (fewer %v): %d, %q", c.n, c.have, c.fewer, fits, why)
		}
	}
}

// TestStartInterrupted ends the context when two nodes of a mesh have been made:
// nothing is left of them.
func TestStartInterrupted(t *testing.T) {
	s, err := newSkeleton(t.Context(), 2) // before: the runtime opens its poller with the first socket
	if err != nil {
		t.Fatal(err)
	}
	s.close()
	before := openDescriptors(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = start(ctx, shape{processes: 5}, func(i int) program.Program {
		if i == 2 {
			cancel()
		}
		return quiet{}
	})
	if err != context.Canceled {
		t.Errorf("%v, not %v", err, context.Canceled)
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}
