// Package examples_test builds and runs the examples as a user would.
package examples_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/snapshot"
)

func TestCounterIsShort(t *testing.T) {
	text := read(t, "counter/main.go")
	if n := strings.Count(text, "\n"); n > 62 {
		t.Errorf("got %d lines, want at most 62: docs and README say about sixty", n)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range parsed.Imports {
		switch path := strings.Trim(spec.Path.Value, `"`); {
		case path == "chandy/netnode", path == "chandy/program", path == "chandy/snapshot", path == "github.com/rs/zerolog":
		case strings.Contains(path, ".") || strings.HasPrefix(path, "chandy"):
			t.Errorf("imports %s", path)
		}
	}
}

// TestPage compares the code of docs/go-programs.md with the files that it shows.
func TestPage(t *testing.T) {
	page := read(t, "../docs/go-programs.md")
	for _, c := range []struct{ file, language string }{
		{"counter/main.go", "go"},
		{"counter/cluster.toml", "toml"},
	} {
		if block := "\n```" + c.language + "\n" + read(t, c.file) + "```\n"; !strings.Contains(page, block) {
			t.Errorf("docs/go-programs.md does not show examples/%s as it is", c.file)
		}
	}
	_, settings, _ := strings.Cut(read(t, "settings_test.go"), "// In docs/go-programs.md:\n")
	if settings == "" || !strings.Contains(page, "\n```go\n"+settings+"```\n") {
		t.Error("docs/go-programs.md does not show the end of examples/settings_test.go as it is")
	}
}

// TestCounter runs the cluster of the example, takes snapshots until they have
// shown what they can, and stops it.
func TestCounter(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "chandy", "chandy/examples/counter")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	file := read(t, "counter/cluster.toml")
	for _, port := range []string{"7201", "7202", "7203"} {
		file = strings.ReplaceAll(file, port, freePort(t))
	}
	if err := os.WriteFile(filepath.Join(dir, "cluster.toml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}

	var nodes []*exec.Cmd
	for _, id := range []string{"p1", "p2", "p3"} {
		node, stderr := command(ctx, dir, "counter", id)
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, node)
		t.Cleanup(func() {
			node.Process.Kill() // if it is still there
			node.Wait()
			if t.Failed() {
				t.Logf("%s said:\n%s", id, stderr)
			}
		})
	}
	for all := false; !all; {
		initiate, stderr := command(ctx, dir, "chandy", "initiate", "--wait", "--timeout", "1m")
		out, err := initiate.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s%s", initiate, err, out, stderr)
		}
		s, err := clustertest.Read(out)
		if err != nil || !s.Complete() {
			t.Fatalf("got %v, %s, want a complete snapshot", err, out)
		}
		faults := counterFaults(s)
		if len(faults) > 0 {
			t.Fatalf("%v\n%s", errors.Join(faults...), out)
		}
		all = counterShows(s)
	}
	for _, node := range nodes {
		if err := node.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	}
	for _, node := range nodes {
		if err := node.Wait(); err != nil {
			t.Errorf("%v: %v", node, err)
		}
	}
}

// TestCounterUsage gives wrong arguments: one sentence, and no panic.
func TestCounterUsage(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", dir, "./counter").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(want string, args ...string) {
		t.Helper()
		c, stderr := command(ctx, dir, "counter", args...)
		err := c.Run()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%v: %v, stderr %q, not %q", c, err, stderr, want)
		}
	}
	run("cluster.toml: no such file", "p1")
	if err := os.WriteFile(filepath.Join(dir, "cluster.toml"), []byte(read(t, "counter/cluster.toml")), 0o600); err != nil {
		t.Fatal(err)
	}
	run(`no process "" in cluster "counter": it has [p1 p2 p3]`)
	run(`no process "p4" in cluster "counter": it has [p1 p2 p3]`, "p4")
}

// counterFaults checks that what one process has told and another has not heard is in
// flight between them, in order.
func counterFaults(s *clustertest.Snapshot) (all []error) {
	states := clustertest.States[map[snapshot.ProcessID]int](s)
	for _, c := range s.Channels {
		from, to := c.Channel.From, c.Channel.To
		heard := states[to][from]
		for _, payload := range clustertest.Payloads(c) {
			if heard++; clustertest.JSON[map[snapshot.ProcessID]int](payload)[from] != heard {
				all = append(all, fmt.Errorf("%s: got message %s, want %d", c.Channel, payload, heard))
			}
		}
		if told := states[from][from]; told != heard {
			all = append(all, fmt.Errorf("%s: got %d heard in the end, want %d, the count of %s", c.Channel, heard, told, from))
		}
	}
	return all
}

// counterShows reports whether every process has heard of every other, and a message is
// in flight.
func counterShows(s *clustertest.Snapshot) bool {
	for _, state := range clustertest.States[map[string]int](s) {
		if len(state) < len(s.Processes) {
			return false
		}
	}
	return s.InFlight() > 0
}

// command runs one of the programs in dir, where the cluster file is.
func command(ctx context.Context, dir, name string, args ...string) (c *exec.Cmd, stderr *bytes.Buffer) {
	c = exec.CommandContext(ctx, filepath.Join(dir, name), args...)
	c.Dir = dir
	c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CHANDY_CLUSTER=") })
	stderr = &bytes.Buffer{}
	c.Stderr = stderr
	return c, stderr
}

// freePort is one that nobody listens on. It is not among those that a system
// gives to outgoing connections, of which one could take it before the node does.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := fmt.Sprint(20_000 + rand.IntN(12_000))
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
