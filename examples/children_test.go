package examples_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"chandy/internal/clustertest"
	"chandy/internal/question"
)

// child is an example in any language, and what is true of it at all times.
type child struct {
	folder  string
	command []string // as in its cluster file
	calls   int
	// call returns the i-th request, from 0, and the process that receives it.
	call func(ids []string, i int) (id, request string)
	// answered checks the reply to the i-th request.
	answered func(i int, reply []byte) error
	// faults returns what is wrong in a snapshot that was complete when begun calls had
	// begun.
	faults func(s *clustertest.Snapshot, begun int) []error
	// shows reports whether the snapshots have shown everything, given the last one.
	// All calls have been answered.
	shows func(s *clustertest.Snapshot) bool
}

var snapshots = flag.Int("snapshots", 67, "number of snapshots of each example, at least")

// TestChildren runs each example, and lets it work while it takes snapshots. Then other
// children continue from one of them.
func TestChildren(t *testing.T) {
	f := newFolder(t, "chandy")
	for _, example := range []func() child{tokenRing, broadcast, bankInGo} {
		c := example()
		t.Run(c.folder, func(t *testing.T) {
			t.Parallel() // they wait more than they compute
			if out, err := exec.CommandContext(f.ctx, c.command[0], versionOf[c.command[0]]).CombinedOutput(); err != nil {
				t.Skipf("examples/%s is not run: no %s here: %v %s", c.folder, c.command[0], err, out)
			}
			r := &run{folder: f.sub(t), child: c}
			r.copy()
			r.up()
			s := r.work()
			r.stop()
			r.revive(s)
		})
	}
}

var versionOf = map[string]string{"python3": "--version", "node": "--version", "go": "version"}

// run is one run of an example, in a folder of its own.
type run struct {
	*folder
	child child
	ids   []string
}

// copy copies the example.
func (r *run) copy() {
	r.t.Helper()
	if err := os.CopyFS(r.dir, os.DirFS(r.child.folder)); err != nil {
		r.t.Fatal(err)
	}
	text := read(r.t, r.child.folder+"/cluster.toml")
	if quoted := `command = ["` + strings.Join(r.child.command, `", "`) + "\"]\n"; !strings.Contains(text, quoted) {
		r.t.Fatalf("examples/%s/cluster.toml: got %s, want %s in it", r.child.folder, text, quoted)
	}
	if r.child.command[0] == "go" { // a child gets no GOCACHE of ours, and might compile everything
		cache, err := exec.CommandContext(r.ctx, "go", "env", "GOCACHE").Output()
		if err != nil {
			r.t.Fatal(err)
		}
		text = strings.Replace(text, "\ncommand =", fmt.Sprintf("\nenv = { GOCACHE = %q }\ncommand =", bytes.TrimSpace(cache)), 1)
	}
	r.ids = r.writeCluster(text)
}

// up starts the cluster, and waits until every child answers.
func (r *run) up() {
	r.t.Helper()
	r.start("chandy", "up")
	r.initiate("--wait")
	for _, id := range r.ids {
		call, stderr := r.command("chandy", "call", "--timeout", "1m", id, `{"type":"hello"}`)
		out, err := call.Output()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !bytes.Contains(out, []byte("what is hello?")) {
			r.t.Fatalf("%v: got %v, want exit code 1 and \"what is hello?\"\n%s%s", call, err, out, stderr)
		}
	}
}

// reply is the result of a call.
type reply struct {
	call *exec.Cmd
	text []byte
	err  error
}

// work makes the calls and takes snapshots meanwhile. It returns the snapshot with the most
// messages in flight.
func (r *run) work() *clustertest.Snapshot {
	r.t.Helper()
	begun, replies := make(chan struct{}, r.child.calls), make(chan reply, r.child.calls)
	go func() {
		defer close(replies)
		for i := range r.child.calls {
			id, request := r.child.call(r.ids, i)
			c, stderr := r.command("chandy", "call", id, request)
			begun <- struct{}{}
			out, err := c.Output()
			if err == nil {
				err = r.child.answered(i, out)
			}
			replies <- reply{c, append(out, stderr.Bytes()...), err}
		}
	}()
	var fullest *clustertest.Snapshot
	open := 0
	for n := 0; ; n++ {
		answered := len(replies)
		s := r.initiate("--at", r.ids[n%len(r.ids)])
		if a := question.Stalled(s.Global); a.Verdict == question.Yes {
			r.t.Fatalf("snapshot %d: got stalled, want a running program not to be: %v\n%s", n, a.Witness, s)
		}
		for _, p := range s.Processes {
			open += int(p.State.OpenTotal)
		}
		if faults := r.child.faults(s, len(begun)); len(faults) > 0 {
			r.t.Fatalf("snapshot %d: got faults, want none: %v\n%s", n, errors.Join(faults...), s)
		}
		if fullest == nil || s.InFlight() > fullest.InFlight() {
			fullest = s
		}
		if answered < r.child.calls || n < *snapshots || !r.child.shows(s) {
			continue
		}
		for reply := range replies {
			if reply.err != nil {
				r.t.Fatalf("%v: got %v, want the reply of the example\n%s", reply.call, reply.err, reply.text)
			}
		}
		r.t.Logf("%d calls, %d snapshots with %d requests open, none stalled, at most %d messages in flight", r.child.calls, n+1, open, fullest.InFlight())
		return fullest
	}
}
