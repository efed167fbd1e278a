package command

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"chandy/snapshot"
	"chandy/wire"
)

// killNode kills the node of a process, wherever it was started.
func killNode(ts *testscript.TestScript, _ bool, args []string) {
	exits(ts, false, []string{"0", "chandy", "status", "--json"})
	var status struct {
		Processes []struct {
			Process string
			Status  *struct{ PID int }
		}
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &status))
	for _, p := range status.Processes {
		if p.Process == args[0] {
			ts.Check(syscall.Kill(p.Status.PID, syscall.SIGKILL))
			return
		}
	}
	ts.Fatalf("no process %s", args[0])
}

// survivors is how long a node may outlive what holds it.
const survivors = 10 * time.Second

// outlived kills a background command with SIGKILL and waits until the nodes of
// the bank have ended, which it knows by their connections.
func outlived(ts *testscript.TestScript, _ bool, args []string) {
	readers := map[string]*wire.Reader{}
	for i, id := range []string{"p1", "p2", "p3"} {
		socket, err := net.Dial("tcp", "127.0.0.1:"+ts.Getenv(fmt.Sprintf("P%d", i+1)))
		ts.Check(err)
		defer socket.Close()
		socket.SetDeadline(time.Now().Add(survivors))
		_, err = socket.Write(wire.Append(nil, wire.Hello{
			Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "bank", To: snapshot.ProcessID(id),
		}))
		ts.Check(err)
		readers[id] = wire.NewReader(socket, wire.AnswerMax)
		f, err := readers[id].Read()
		if _, ok := f.(wire.Welcome); !ok {
			ts.Fatalf("%s answered %v, %v", id, f, err)
		}
	}
	for _, c := range ts.BackgroundCmds() {
		if strings.HasSuffix(c.Path, "chandy") && len(c.Args) > 1 && c.Args[1] == args[0] {
			ts.Check(c.Process.Kill())
		}
	}
	for id, r := range readers {
		if f, err := r.Read(); err == nil || strings.Contains(err.Error(), "timeout") {
			ts.Fatalf("the node of %s still runs: %v, %v", id, f, err)
		}
	}
}
