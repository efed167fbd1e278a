package netnode

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
)

func TestAnAddressIsReadAgainAfterFiveFailedDials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cluster.toml")
	write := func(name string, port int) {
		text := fmt.Sprintf("name = %q\nprogram.kind = 'bank'\n[[process]]\nid = 'p1'\naddress = '127.0.0.1:1'\n[[process]]\nid = 'p2'\naddress = '127.0.0.1:%d'\n", name, port)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const old = "127.0.0.1:2"
	write("t", 2)
	cluster, err := LoadCluster(file)
	if err != nil {
		t.Fatal(err)
	}
	a := newAddresses(cluster, zerolog.Nop())
	fail := func(n int, want string) {
		t.Helper()
		for range n {
			a.failedDial("p2", a.of("p2", old))
		}
		if got := a.of("p2", old); got != want {
			t.Errorf("after %d failed dials: got address %s, want %s", n, got, want)
		}
	}
	write("other", 3)
	fail(5, old) // of another cluster
	write("t", 3)
	fail(4, old)
	a.connected("p2")
	fail(4, old)
	fail(1, "127.0.0.1:3")
	write("t", 2)
	fail(5, old)
}
