// Package examples_test builds and runs the examples as a user would.
package examples_test

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os/exec"
	"strings"
	"testing"

	"chandy/internal/clustertest"
	"chandy/snapshot"
)

func TestCounterIsShort(t *testing.T) {
	text := read(t, "counter/main.go")
	if n := strings.Count(text, "\n"); n > 40 {
		t.Errorf("got %d lines, want at most 40: README says forty", n)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range parsed.Imports {
		switch path := strings.Trim(spec.Path.Value, `"`); {
		case path == "chandy/netnode", path == "chandy/program", path == "chandy/snapshot":
		case strings.Contains(path, ".") || strings.HasPrefix(path, "chandy"):
			t.Errorf("got import %s, want only those of programs of users", path)
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
			t.Errorf("docs/go-programs.md: got other code, want examples/%s as it is", c.file)
		}
	}
	_, settings, _ := strings.Cut(read(t, "settings_test.go"), "// In docs/go-programs.md:\n")
	if settings == "" || !strings.Contains(page, "\n```go\n"+settings+"```\n") {
		t.Error("docs/go-programs.md: got other code, want the end of examples/settings_test.go as it is")
	}
}

// TestCounter runs the cluster of the example, takes snapshots until they have shown
// everything, and stops the cluster.
func TestCounter(t *testing.T) {
	f := newFolder(t, "chandy", "chandy/examples/counter")
	f.writeCluster(read(t, "counter/cluster.toml"))
	f.start("chandy", "up")
	for all := false; !all; {
		s := f.initiate("--wait")
		if faults := counterFaults(s); len(faults) > 0 {
			t.Fatalf("got faults, want none: %v\n%s", errors.Join(faults...), s)
		}
		all = counterShows(s)
	}
	f.stop()
}

// The binary has the flags and the exit codes of chandy node.
func TestCounterUsage(t *testing.T) {
	f := newFolder(t, "chandy/examples/counter")
	run := func(want string, args ...string) {
		t.Helper()
		c, stderr := f.command("counter", args...)
		err := c.Run()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%v: got %v, stderr %q, want exit code 2, %q", c, err, stderr, want)
		}
	}
	run("counter: error: no cluster file cluster.toml\n", "p1")
	f.writeCluster(read(t, "counter/cluster.toml"))
	run("counter: error: ID is missing\ncounter: hint: usage: counter [flags] ID\n")
	run("counter: error: no process \"p4\" in cluster.toml\ncounter: hint: the processes are p1, p2, p3\n", "p4")
}

// counterFaults checks that the counts which one process has sent, and another has not
// received, are in flight between them, in order.
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
			all = append(all, fmt.Errorf("%s: got count %d received or in flight, want %d, the count of %s", c.Channel, heard, told, from))
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
