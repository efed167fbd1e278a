package bench

import (
	"context"
	"io"
	"os"
	"runtime"
	"testing"

	"chandy/netnode"
)

// TestMeshDescriptors counts what a mesh and a skeleton have open.
func TestMeshDescriptors(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it counts in /proc")
	}
	open := func() uint64 {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return uint64(len(entries))
	}
	const n = 6
	s, err := newSkeleton(t.Context(), n, nil) // before: the runtime opens its poller with the first socket
	if err != nil {
		t.Fatal(err)
	}
	with := open()
	s.close()
	before := open()
	if got, want := with-before+2*n, meshDescriptors(n); got != want { // it has neither listeners nor alarms
		t.Errorf("a skeleton of %d takes %d descriptors, not %d", n, got, want)
	}

	r, err := start(t.Context(), shape{processes: n}, func(int) netnode.Program { return quiet{} })
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
		if open()-before <= meshDescriptors(n) {
			break
		}
		runtime.Gosched()
	}
	if got, want := open()-before, meshDescriptors(n); got != want {
		t.Errorf("a mesh of %d takes %d descriptors, not %d", n, got, want)
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

// TestStartInterrupted starts a mesh with a context that has ended: nothing is left.
func TestStartInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := start(ctx, shape{processes: 3}, func(int) netnode.Program { return quiet{} }); err != context.Canceled {
		t.Errorf("%v, not %v", err, context.Canceled)
	}
}
