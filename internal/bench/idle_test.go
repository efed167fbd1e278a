package bench

import (
	"context"
	"io"
	"os"
	"runtime"
	"testing"

	"chandy/program"
)

// openDescriptors returns how many file descriptors are open. It skips the test where
// there is no /proc to count them in.
func openDescriptors(t *testing.T) int {
	if runtime.GOOS != "linux" {
		t.Skip("open descriptors can be counted on Linux only")
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestMeshDescriptorsAreCountedRight compares meshDescriptors with what a mesh and a
// skeleton have open.
func TestMeshDescriptorsAreCountedRight(t *testing.T) {
	open := func() int { return openDescriptors(t) }
	const n = 6
	want := int(meshDescriptors(n))
	s, err := newSkeleton(t.Context(), n) // first: the runtime opens its poller with the first socket
	if err != nil {
		t.Fatal(err)
	}
	with := open()
	s.close()
	before := open()
	if got := with - before + n; got != want { // n: the listeners of a skeleton are closed
		t.Errorf("descriptors of a skeleton of %d, with a listener for each process: got %d, want %d", n, got, want)
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
	for range 100_000 { // nodes still close their ends of the clients that start used
		if open()-before <= want {
			break
		}
		runtime.Gosched()
	}
	if got := open() - before; got != want {
		t.Errorf("descriptors of a mesh of %d: got %d, want %d", n, got, want)
	}
}

func TestIdleFitReducesOnlyTheLargestMesh(t *testing.T) {
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
		{10, true, need(10) - 1, 0}, // a quick run
	} {
		fits, why := idleFit(c.n, c.fewer, c.have)
		if fits != c.fits {
			t.Errorf("idleFit(%d, %v, %d): got %d (%q), want %d", c.n, c.fewer, c.have, fits, why, c.fits)
		}
		if got, want := why != "", c.fits != c.n; got != want {
			t.Errorf("idleFit(%d, %v, %d): got reason %q, want one: %v", c.n, c.fewer, c.have, why, want)
		}
	}
}

// TestInterruptedStartLeavesNothing ends the context when two nodes of a mesh have been
// made. No descriptor of them must be left.
func TestInterruptedStartLeavesNothing(t *testing.T) {
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
		t.Errorf("error: got %v, want %v", err, context.Canceled)
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("open descriptors afterwards: got %d, want %d as before", after, before)
	}
}
