package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"chandy/internal/clustertest"
	"chandy/netnode"
	"chandy/program"
)

// mute is a program that never returns its state.
type mute struct {
	clustertest.Idle
	asked chan struct{} // closed when the program is asked for its state
}

func (m mute) Capture(func(program.State)) { close(m.asked) }

func TestCtrlCCancelsTheSnapshotEverywhere(t *testing.T) {
	text := fmt.Sprintf(`name = "test"
process = [{ id = "p1", address = "127.0.0.1:%s" }, { id = "p2", address = "127.0.0.1:%s" }]
program = { kind = "bank" }
`, clustertest.FreePort(), clustertest.FreePort())
	c := clustertest.New(t, text, clustertest.Options{Network: func(string) netnode.Network { return netnode.TCP{} }})
	p2 := mute{asked: make(chan struct{})}
	c.Host("p1", clustertest.Idle{})
	c.Host("p2", p2)
	c.Up()
	file := filepath.Join(t.TempDir(), "cluster.toml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}

	var stdout, stderr bytes.Buffer
	code := make(chan int)
	go func() {
		code <- Main([]string{"chandy", "initiate", "--cluster", file, "--timeout", "1h"}, strings.NewReader(""), &stdout, &stderr)
	}()
	select {
	case <-p2.asked: // so Main has its handler of signals
	case got := <-code:
		t.Fatalf("initiate ended before p2 recorded: got exit code %d and %s", got, &stderr)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got, want := <-code, exitUnknown; got != want || stderr.String() != "chandy: error: interrupted\n" || stdout.Len() > 0 {
		t.Errorf("got exit code %d, stdout %q, stderr %q; want %d, no stdout, interrupted", got, &stdout, &stderr, want)
	}
	for _, id := range c.Config.IDs() {
		for {
			left := c.Status(id).Snapshots
			if len(left) == 0 {
				break
			}
			if c.Ctx.Err() != nil {
				t.Fatalf("%s long after Ctrl-C: got snapshots %+v, want none", id, left)
			}
		}
	}
}
