package examples_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
)

// child is an example in any language, and what is true of it at all times.
type child struct {
	folder  string
	command []string // as in its cluster file
	calls   int
	// call is the i-th request, from 0, and the process that gets it.
	call func(ids []string, i int) (id, request string)
	// answered checks its reply.
	answered func(i int, reply []byte) error
	// faults is what is wrong in a snapshot that was complete when begun calls had
	// begun.
	faults func(s *clustertest.Snapshot, begun int) []error
	// shows tells that the snapshots have shown what they can, given the last one.
	// All calls have been answered.
	shows func(s *clustertest.Snapshot) bool
}

// TestChildren runs each example, and has it work while it takes snapshots. Then it
// lets other children go on from one of them.
func TestChildren(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	bin := t.TempDir()
	build := exec.CommandContext(ctx, "go", "build", "-o", bin+string(filepath.Separator), "chandy")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	for _, example := range []func() child{tokenRing, broadcast, bankInGo} {
		c := example()
		t.Run(c.folder, func(t *testing.T) {
			if out, err := exec.CommandContext(ctx, c.command[0], versionOf[c.command[0]]).CombinedOutput(); err != nil {
				t.Skipf("examples/%s is not run: no %s here: %v %s", c.folder, c.command[0], err, out)
			}
			r := &run{t: t, ctx: ctx, child: c, dir: t.TempDir()}
			if err := os.Symlink(filepath.Join(bin, "chandy"), filepath.Join(r.dir, "chandy")); err != nil {
				t.Fatal(err)
			}
			r.copy()
			r.up()
			s := r.work()
			r.down()
			r.revive(s)
		})
	}
}

var versionOf = map[string]string{"python3": "--version", "node": "--version", "go": "version"}

// run is one run of an example, in a folder of its own.
type run struct {
	child
	t      *testing.T
	ctx    context.Context
	dir    string // with a chandy in it
	ids    []string
	nodes  *exec.Cmd // chandy up
	stderr *bytes.Buffer
}

// copy copies the folder, with ports that are free.
func (r *run) copy() {
	r.t.Helper()
	if err := os.CopyFS(r.dir, os.DirFS(r.folder)); err != nil {
		r.t.Fatal(err)
	}
	file := read(r.t, filepath.Join(r.folder, "cluster.toml"))
	for _, match := range regexp.MustCompile(`(?m)^id = "(.*)"\naddress = "127.0.0.1:(\d+)"$`).FindAllStringSubmatch(file, -1) {
		r.ids = append(r.ids, match[1])
		file = strings.ReplaceAll(file, match[2], freePort(r.t))
	}
	if quoted := `command = ["` + strings.Join(r.command, `", "`) + "\"]\n"; !strings.Contains(file, quoted) {
		r.t.Fatalf("examples/%s/cluster.toml does not say %s", r.folder, quoted)
	}
	if r.command[0] == "go" { // a child gets no GOCACHE of ours, and might compile everything
		cache, err := exec.CommandContext(r.ctx, "go", "env", "GOCACHE").Output()
		if err != nil {
			r.t.Fatal(err)
		}
		file = strings.Replace(file, "\ncommand =", fmt.Sprintf("\nenv = { GOCACHE = %q }\ncommand =", bytes.TrimSpace(cache)), 1)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "cluster.toml"), []byte(file), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// up starts the cluster, and waits until every child answers.
func (r *run) up() {
	r.t.Helper()
	r.nodes, r.stderr = r.chandy("up")
	if err := r.nodes.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		r.nodes.Process.Kill() // if it is still there
		r.nodes.Wait()
		if r.t.Failed() {
			r.t.Logf("chandy up said:\n%s", r.stderr)
		}
	})
	wait, stderr := r.chandy("initiate", "--wait", "--timeout", "1m")
	if out, err := wait.Output(); err != nil {
		r.t.Fatalf("%v: %v\n%s%s", wait, err, out, stderr)
	}
	for _, id := range r.ids {
		call, stderr := r.chandy("call", "--timeout", "1m", id, `{"type":"hello"}`)
		out, err := call.Output()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !bytes.Contains(out, []byte("what is hello?")) {
			r.t.Fatalf("%v: %v\n%s%s", call, err, out, stderr)
		}
	}
}

// reply is the end of a call.
type reply struct {
	call *exec.Cmd
	text []byte
	err  error
}

// work makes the calls and takes snapshots meanwhile. It gives the one in which the
// most messages are in flight.
func (r *run) work() *clustertest.Snapshot {
	r.t.Helper()
	begun, replies := make(chan struct{}, r.calls), make(chan reply, r.calls)
	go func() {
		defer close(replies)
		for i := range r.calls {
			id, request := r.call(r.ids, i)
			c, stderr := r.chandy("call", id, request)
			begun <- struct{}{}
			out, err := c.Output()
			if err == nil {
				err = r.answered(i, out)
			}
			replies <- reply{c, append(out, stderr.Bytes()...), err}
		}
	}()
	var fullest *clustertest.Snapshot
	for n := 0; ; n++ {
		answered := len(replies)
		s := r.snapshot(r.ids[n%len(r.ids)])
		if faults := r.faults(s, len(begun)); len(faults) > 0 {
			r.t.Fatalf("snapshot %d: %v\n%s", n, errors.Join(faults...), s)
		}
		if fullest == nil || s.InFlight() > fullest.InFlight() {
			fullest = s
		}
		if answered < r.calls || n < 5 || !r.shows(s) {
			continue
		}
		for reply := range replies {
			if reply.err != nil {
				r.t.Fatalf("%v: %v\n%s", reply.call, reply.err, reply.text)
			}
		}
		r.t.Logf("%d calls, %d snapshots, at most %d messages in flight", r.calls, n+1, fullest.InFlight())
		return fullest
	}
}

func (r *run) snapshot(at string) *clustertest.Snapshot {
	r.t.Helper()
	c, stderr := r.chandy("initiate", "--at", at, "--timeout", "1m")
	out, err := c.Output()
	if err != nil {
		r.t.Fatalf("%v: %v\n%s%s", c, err, out, stderr)
	}
	s, err := clustertest.Read(out)
	if err != nil || !s.Complete() {
		r.t.Fatalf("got %v, %s, want a complete snapshot", err, out)
	}
	for _, p := range s.Processes {
		if p.State.Error != "" {
			r.t.Fatalf("%s: got state error %q, want none", p.ID, p.State.Error)
		}
	}
	return s
}

// down ends the cluster as Ctrl-C does.
func (r *run) down() {
	r.t.Helper()
	if err := r.nodes.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	if err := r.nodes.Wait(); err != nil {
		r.t.Fatalf("%v: %v", r.nodes, err)
	}
}

func (r *run) chandy(args ...string) (c *exec.Cmd, stderr *bytes.Buffer) {
	return command(r.ctx, r.dir, "chandy", args...)
}
