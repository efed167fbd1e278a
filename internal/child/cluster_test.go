package child

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// patience is how long a test may wait for a child.
const patience = time.Minute

// cluster is a cluster of nodes over loopback, with children.
type cluster struct {
	*clustertest.Cluster
	t *testing.T
}

// file returns a cluster file of n children of one kind, n1 and so on, with settings of
// their program. The tables are more lines for the tables of n1, n2 and so on. Without
// channels, and unless the settings say otherwise, the children get no topology.
func file(n int, kind, settings string, tables ...string) string {
	processes := clustertest.IDs("n", n)
	if !strings.Contains(settings+strings.Join(tables, ""), "topology") && !strings.Contains(strings.Join(tables, ""), "channels") {
		settings = "topology = \"none\"\n" + settings
	}
	for i, table := range tables {
		processes[i] += " " + table
	}
	return clustertest.File(fmt.Sprintf("[program]\nkind = \"exec\"\ncommand = [%q]\n%s\n", self(), env(kind))+settings, processes...)
}

// with returns the line of a process's table that replaces settings of its program.
func with(settings ...string) string { return "program = { " + strings.Join(settings, ", ") + " }" }

// atOnce is a $GORACE with which a child under the race detector exits without a pause.
const atOnce = "atexit_sleep_ms=0"

// env returns the setting that makes the test program a child.
func env(kind string) string { return fmt.Sprintf("env = { CHILD = %q, GORACE = %q }", kind, atOnce) }

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// newCluster returns a cluster. No node runs yet.
func newCluster(t *testing.T, text string) *cluster {
	t.Helper()
	c := clustertest.New(t, text, clustertest.Options{Program: func(c *config.Cluster, p config.Process) (program.Program, error) { return New(c, p) }})
	if *soak {
		c.Ctx = t.Context()
	}
	return &cluster{c, t}
}

// run returns a cluster of which all nodes run.
func run(t *testing.T, text string) *cluster {
	t.Helper()
	c := newCluster(t, text)
	c.Start()
	return c
}

// made returns a new program of a process.
func (c *cluster) made(id snapshot.ProcessID) *Program {
	c.t.Helper()
	return c.Program(id).(*Program)
}

// ends waits until a node has ended by itself, and checks its error.
func (c *cluster) ends(id snapshot.ProcessID, want string) {
	c.t.Helper()
	if got := fmt.Sprint(c.Ended(id)); got != want {
		c.t.Errorf("%s: got error  %s\nwant %s", id, got, want)
	}
}

// print makes a puppet print lines.
func (c *cluster) print(id snapshot.ProcessID, lines ...string) {
	c.t.Helper()
	text, _ := json.Marshal(lines)
	if got := c.Call(id, fmt.Sprintf(`{"type":"print","lines":%s}`, text)); !strings.Contains(got, "print_ok") {
		c.t.Fatalf("print: got %s, want print_ok", got)
	}
}

// await waits until a puppet has received n lines besides init, and returns them.
func (c *cluster) await(id snapshot.ProcessID, n int) []string {
	c.t.Helper()
	reply := c.Call(id, fmt.Sprintf(`{"type":"await","n":%d}`, n+1))
	return clustertest.JSON[struct{ Lines []string }](reply).Lines[1:]
}

// stateOf returns the state of a process in a snapshot, and what is known about it.
func stateOf(s *clustertest.Snapshot, id snapshot.ProcessID) (text, fault string, about snapshot.About) {
	state := s.Process(id).State
	if state.About != nil {
		about = *state.About
	}
	return string(state.Bytes), state.Error, about
}

// meeting is where a child meets the test. See awaitTest.
type meeting struct {
	t        *testing.T
	listener net.Listener
}

func newMeeting(t *testing.T) *meeting {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &meeting{t, l}
}

// env is like the function env, for a child that comes here.
func (m *meeting) env(kind string) string {
	return fmt.Sprintf("env = { CHILD = %q, GORACE = %q, ADDRESS = %q }", kind, atOnce, m.listener.Addr())
}

// come waits for the child. The connection ends with it.
func (m *meeting) come() net.Conn {
	m.t.Helper()
	m.listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	c, err := m.listener.Accept()
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	var pid int
	if _, err := fmt.Fscanln(c, &pid); err != nil {
		m.t.Fatal(err)
	}
	return c
}

// gone waits until the child that came has ended.
func (m *meeting) gone(c net.Conn) {
	m.t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || strings.Contains(err.Error(), "timeout") {
		m.t.Fatalf("got %d bytes, %v, want the end of the child", n, err)
	}
}
