package child

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"chandy/internal/config"
	"chandy/internal/verify"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
)

// patience is how long a test may take that waits for something.
const patience = time.Minute

// cluster is a cluster of nodes in this process, over loopback.
type cluster struct {
	t       *testing.T
	ctx     context.Context
	config  *config.Cluster
	network *netnode.Loopback
	nodes   map[snapshot.ProcessID]*running
	log     *lines
}

type running struct {
	end  context.CancelFunc
	done chan error
}

// file is a cluster file of n children of one kind, n1 and so on.
func file(n int, kind, settings string) string {
	text := "name = \"test\"\n"
	for i := range n {
		text += fmt.Sprintf("[[process]]\nid = \"n%d\"\naddress = \"127.0.0.1:%d\"\n", i+1, 7101+i)
	}
	return text + fmt.Sprintf("[program]\nkind = \"exec\"\ncommand = [%q]\n", self()) + env(kind) + settings
}

// atOnce has a child that looks for races end without a pause, as $GORACE.
const atOnce = "atexit_sleep_ms=0"

// env is the setting that makes the test program a child.
func env(kind string) string { return fmt.Sprintf("env = { CHILD = %q, GORACE = %q }\n", kind, atOnce) }

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// newCluster makes a cluster; no node runs yet.
func newCluster(t *testing.T, text string) *cluster {
	t.Helper()
	dir := t.TempDir()
	parsed, err := config.Parse(dir+"/cluster.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(times(1, 10))*patience)
	c := &cluster{
		t: t, ctx: ctx, config: parsed, network: &netnode.Loopback{},
		nodes: map[snapshot.ProcessID]*running{}, log: &lines{changed: make(chan struct{})},
	}
	t.Cleanup(func() {
		cancel()
		c.stopAll()
		if t.Failed() {
			t.Logf("log:\n%s", c.log)
		}
	})
	return c
}

// run makes a cluster and starts all its nodes.
func run(t *testing.T, text string) *cluster {
	t.Helper()
	c := newCluster(t, text)
	for _, p := range c.config.Processes {
		c.start(p.ID)
	}
	return c
}

// made is the program of a process.
func (c *cluster) made(id snapshot.ProcessID) *Program {
	c.t.Helper()
	p, _ := c.config.Process(id)
	x, err := New(c.config, p)
	if err != nil {
		c.t.Fatal(err)
	}
	return x
}

func (c *cluster) start(id snapshot.ProcessID) {
	c.t.Helper()
	c.host(id, c.made(id))
}

func (c *cluster) host(id snapshot.ProcessID, hosted program.Program) {
	c.t.Helper()
	n, err := netnode.New(netnode.Options{Cluster: c.config, ID: id, Program: hosted, Network: c.network, Log: zerolog.New(c.log)})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	r := &running{end, make(chan error, 1)}
	go func() { r.done <- n.Run(ctx) }()
	c.nodes[id] = r
}

// ended waits until a node has ended by itself, and returns its error.
func (c *cluster) ended(id snapshot.ProcessID) string {
	c.t.Helper()
	r := c.nodes[id]
	delete(c.nodes, id)
	select {
	case err := <-r.done:
		return fmt.Sprint(err)
	case <-c.ctx.Done():
		r.end()
		<-r.done
		c.t.Fatalf("the node of %s has not ended", id)
		return ""
	}
}

func (c *cluster) stop(id snapshot.ProcessID) error {
	r := c.nodes[id]
	delete(c.nodes, id)
	r.end()
	return <-r.done
}

func (c *cluster) stopAll() {
	var wait sync.WaitGroup
	for _, r := range c.nodes {
		r.end()
		wait.Go(func() { <-r.done })
	}
	wait.Wait()
	clear(c.nodes)
}

// waitUp waits until every channel of the nodes is up.
func (c *cluster) waitUp() {
	c.t.Helper()
	for id := range c.nodes {
		client := c.client(id)
		if err := client.AwaitUp(c.ctx); err != nil {
			c.t.Fatalf("%s is not up: %v", id, err)
		}
		client.Close()
	}
}

func (c *cluster) client(id snapshot.ProcessID) *netnode.Client {
	c.t.Helper()
	client, err := netnode.DialClient(c.ctx, c.config, id, c.network)
	if err != nil {
		c.t.Fatalf("client of %s: %v", id, err)
	}
	return client
}

// call sends a request and returns the reply.
func (c *cluster) call(id snapshot.ProcessID, request string) string {
	c.t.Helper()
	client := c.client(id)
	defer client.Close()
	reply, err := client.Call(c.ctx, json.RawMessage(request))
	if err != nil {
		c.t.Fatalf("call of %s with %s: %v", id, request, err)
	}
	return string(reply)
}

// cast sends a request to which no reply is to come.
func (c *cluster) cast(id snapshot.ProcessID, request string) {
	client := c.client(id)
	c.t.Cleanup(func() { client.Close() })
	go client.Call(c.ctx, json.RawMessage(request))
}

// print makes a puppet print lines.
func (c *cluster) print(id snapshot.ProcessID, lines ...string) {
	c.t.Helper()
	text, _ := json.Marshal(lines)
	if got := c.call(id, fmt.Sprintf(`{"type":"print","lines":%s}`, text)); !strings.Contains(got, "print_ok") {
		c.t.Fatalf("print: %s", got)
	}
}

// await waits until a puppet has n lines beside its init, and returns them.
func (c *cluster) await(id snapshot.ProcessID, n int) []string {
	c.t.Helper()
	var reply struct{ Lines []string }
	if err := json.Unmarshal([]byte(c.call(id, fmt.Sprintf(`{"type":"await","n":%d}`, n+1))), &reply); err != nil {
		c.t.Fatal(err)
	}
	return reply.Lines[1:]
}

// taken is a snapshot.
type taken struct {
	Status    string `json:"status"`
	Processes map[string]struct {
		State      json.RawMessage `json:"state"`
		Error      string          `json:"state_error"`
		Settled    string          `json:"settled"`
		Printed    uint64          `json:"printed_before_reply"`
		Unanswered uint64          `json:"unanswered"`
	} `json:"processes"`
	Channels []struct {
		From     string `json:"from"`
		To       string `json:"to"`
		Sent     uint64 `json:"sent"`
		Received uint64 `json:"received"`
		Messages []struct {
			Payload json.RawMessage `json:"payload"`
		} `json:"messages"`
	} `json:"channels"`
	text []byte
}

// inFlight are the messages of a channel.
func (s *taken) inFlight(from, to string) (all []string) {
	for _, c := range s.Channels {
		if c.From == from && c.To == to {
			for _, m := range c.Messages {
				all = append(all, string(m.Payload))
			}
		}
	}
	return all
}

var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	return c.Compile("../../docs/snapshot.schema.json")
})

// snapshot takes a complete one and checks it.
func (c *cluster) snapshot(at snapshot.ProcessID) *taken {
	c.t.Helper()
	client := c.client(at)
	defer client.Close()
	var text bytes.Buffer
	if _, err := client.Initiate(c.ctx, nil, patience, false, &text, nil); err != nil {
		c.t.Fatal(err)
	}
	report, err := verify.Check(bytes.NewReader(text.Bytes()))
	if err != nil || !report.OK() {
		c.t.Fatalf("%v, %+v\n%s", err, report, text.Bytes())
	}
	s := &taken{text: text.Bytes()}
	if err := json.Unmarshal(s.text, s); err != nil {
		c.t.Fatal(err)
	}
	if text.Len() < 32<<10 {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.text))
		if err != nil {
			c.t.Fatal(err)
		}
		compiled, err := schema()
		if err != nil {
			c.t.Fatal(err)
		}
		if err := compiled.Validate(document); err != nil {
			c.t.Fatalf("%v\n%s", err, s.text)
		}
	}
	return s
}

// lines are those of a log.
type lines struct {
	mu      sync.Mutex
	all     []string
	changed chan struct{}
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, strings.TrimSpace(string(line)))
	close(l.changed)
	l.changed = make(chan struct{})
	return len(line), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "\n")
}

// logged waits for a line of the log.
func (c *cluster) logged(part string) {
	c.t.Helper()
	for {
		c.log.mu.Lock()
		changed := c.log.changed
		c.log.mu.Unlock()
		if strings.Contains(c.log.String(), part) {
			return
		}
		select {
		case <-changed:
		case <-c.ctx.Done():
			c.t.Fatalf("the log never says %q", part)
		}
	}
}

// meeting is where a child meets the test: see awaitTest.
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

// env is that of a child of a kind that comes here.
func (m *meeting) env(kind string) string {
	return fmt.Sprintf("env = { CHILD = %q, GORACE = %q, ADDRESS = %q }\n", kind, atOnce, m.listener.Addr())
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
		m.t.Fatalf("the child lives: %v", err)
	}
}

func parsed(t *testing.T, text string) *config.Cluster {
	t.Helper()
	c, err := config.Parse("cluster.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
