package examples_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"chandy/netnode"
	"chandy/snapshot"
)

func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.toml")
	file := `name = "settings"
process = [
	{ id = "p1", address = "127.0.0.1:7201" },
	{ id = "p2", address = "127.0.0.1:7202", program = { every = "2s" } },
	{ id = "p3", address = "127.0.0.1:7203", program = { every = "0s" } },
]
program = { kind = "counter" }
`
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	cluster, err := netnode.LoadCluster(path)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[snapshot.ProcessID]time.Duration{"p1": 100 * time.Millisecond, "p2": 2 * time.Second} {
		if s, err := readSettings(cluster, id); err != nil || s.Every != want {
			t.Errorf("%s: got %v, %v, want %v", id, s.Every, err, want)
		}
	}
	const want = `every: must be at least 1ms, not "0s"`
	if _, err := readSettings(cluster, "p3"); err == nil || err.Error() != want {
		t.Errorf("p3: got error %v, want %s", err, want)
	}
}

// In docs/go-programs.md:
type settings struct {
	Every time.Duration `toml:"every" default:"100ms" min:"1ms"`
}

func readSettings(cluster *netnode.Cluster, id snapshot.ProcessID) (s settings, err error) {
	p, _ := cluster.Process(id) // netnode.New refuses an id that is not there
	err = p.Program.Decode(&s)
	return s, err
}
