package command

import (
	"chandy/internal/clustertest"
	"fmt"
	"runtime/debug"
	"testing"
)

// A node limits the memory of its garbage collector to twice limits.memory, unless
// $GOMEMLIMIT does so.
func TestNodeLimitsMemory(t *testing.T) {
	const before = 1 << 40
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	for environment, want := range map[string]int64{"": 128 << 20, "1TiB": before} {
		t.Setenv("GOMEMLIMIT", environment)
		debug.SetMemoryLimit(before)
		path := writeFile(t, "cluster.toml", fmt.Sprintf(
			"name = \"bank\"\n[[process]]\nid = \"p1\"\naddress = \"127.0.0.1:%s\"\n[program]\nkind = \"bank\"\n"+
				"[network]\noutbox_high = \"1MiB\"\noutbox_limit = \"2MiB\"\noutbox_total = \"4MiB\"\n[limits]\nmemory = \"64MiB\"\n", clustertest.FreePort()))
		n := startNode(t, path, "json")
		n.stderr.await(t, "all channels up") // after the limit was set
		if got := debug.SetMemoryLimit(-1); got != want {
			t.Errorf("GOMEMLIMIT=%q: got a limit of %d bytes, want %d", environment, got, want)
		}
		if log, code := n.stop(t); code != exitYes {
			t.Errorf("GOMEMLIMIT=%q: got exit code %d, want %d; log: %s", environment, code, exitYes, log)
		}
	}
}
