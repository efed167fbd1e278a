package command

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"chandy/internal/bundled"
	"chandy/internal/clustertest"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// hosted is a binary that hosts itself, whose program is a bank.
func hosted() {
	netnode.MainFunc(func(cluster *netnode.Cluster, id snapshot.ProcessID) (program.Program, error) {
		p, _ := cluster.Process(id)
		p.Program.Kind = "bank"
		return bundled.New(cluster, p)
	})
}

// dying is a binary whose node ends with exit code 2 at the first snapshot: by a panic, or
// at once if the process is "quiet". The node of process "early" does not get to listen.
func dying() {
	netnode.MainFunc(func(_ *netnode.Cluster, id snapshot.ProcessID) (program.Program, error) {
		if id == "early" {
			panic("before the start")
		}
		return mortal{quiet: id == "quiet"}, nil
	})
}

type mortal struct {
	clustertest.Idle
	quiet bool
}

func (m mortal) Capture(func(program.State)) {
	if m.quiet {
		os.Exit(2)
	}
	panic("no state")
}

// killNode kills the node of a process. It asks the node for its process id, so that
// it works for a node that chandy up started.
func killNode(ts *testscript.TestScript, _ bool, args []string) {
	for _, p := range status(ts) {
		if string(p.Process) == args[0] {
			ts.Check(syscall.Kill(p.Status.PID, syscall.SIGKILL))
			return
		}
	}
	ts.Fatalf("got no process %s from chandy status, want one to kill", args[0])
}

// nodeStatus is what chandy status says of a process. Its channels must be up.
type nodeStatus struct {
	Process snapshot.ProcessID
	Status  *wire.ProcessStatus
}

func status(ts *testscript.TestScript) []nodeStatus {
	exits(ts, false, []string{"0", "chandy", "status", "--json"})
	var all struct{ Processes []nodeStatus }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &all))
	return all.Processes
}

// unread runs a program whose stdout stands still once it has begun, until its node has
// nothing left to send it. A program that reads from its node only as it is read itself
// would keep the node waiting.
func unread(ts *testscript.TestScript, _ bool, args []string) {
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	c := exec.Command(path, args[1:]...)
	c.Dir, c.Env = ts.Getenv("WORK"), []string{"GORACE=" + ts.Getenv("GORACE"), "PATH=" + os.Getenv("PATH")}
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	var said strings.Builder
	c.Stderr = &said
	ts.Check(c.Start())
	begin := make([]byte, 100)
	if n, err := io.ReadFull(stdout, begin); err != nil {
		ended := c.Wait()
		ts.Fatalf("%s: got %d bytes on stdout, %v and stderr %q, want %d bytes or more", strings.Join(args, " "), n, ended, said.String(), len(begin))
	}
	holds := func(p nodeStatus) bool { return p.Status.Memory.Parts > 0 }
	for end := time.Now().Add(survival); slices.ContainsFunc(status(ts), holds); {
		if time.Now().After(end) {
			ts.Fatalf("%s: got nodes that still hold parts after %v, want none", strings.Join(args, " "), survival)
		}
	}
	rest, err := io.ReadAll(stdout)
	ts.Check(err)
	ts.Check(c.Wait())
	ts.Check(os.WriteFile(filepath.Join(c.Dir, "printed"), append(begin, rest...), 0o666))
}

// survival is how long a node may outlive the chandy up that started it.
const survival = 10 * time.Second

// outlived kills a background command with SIGKILL and waits until the nodes of the
// bank have ended. A node has ended when the connection to it ends.
func outlived(ts *testscript.TestScript, _ bool, args []string) {
	readers := map[string]*wire.Reader{}
	for i, id := range []string{"p1", "p2", "p3"} {
		socket, err := net.Dial("tcp", "127.0.0.1:"+ts.Getenv(fmt.Sprintf("P%d", i+1)))
		ts.Check(err)
		defer socket.Close()
		socket.SetDeadline(time.Now().Add(survival))
		_, err = socket.Write(wire.Append(nil, wire.Hello{
			Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "bank", To: snapshot.ProcessID(id),
		}))
		ts.Check(err)
		readers[id] = wire.NewReader(socket, wire.AnswerMax)
		f, err := readers[id].Read()
		if _, ok := f.(wire.Welcome); !ok {
			ts.Fatalf("hello to %s: got %v and error %v, want a Welcome", id, f, err)
		}
	}
	for _, c := range ts.BackgroundCmds() {
		if strings.HasSuffix(c.Path, "chandy") && len(c.Args) > 1 && c.Args[1] == args[0] {
			ts.Check(c.Process.Kill())
		}
	}
	for id, r := range readers {
		if f, err := r.Read(); err == nil || strings.Contains(err.Error(), "timeout") {
			ts.Fatalf("node of %s after the kill: got %v and error %v, want the end of the connection within %v", id, f, err, survival)
		}
	}
}

// busy listens on a port until the script ends, and refuses as a busy node does.
func busy(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	go func() {
		for {
			socket, err := l.Accept()
			if err != nil {
				return
			}
			socket.Write(wire.Append(nil, wire.Refuse{Code: wire.Busy, Text: "no room"}))
			socket.Close()
		}
	}()
}
