package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/program"
)

// job is the task of the other operating-system process of a pair.
type job struct {
	Stream  bool   // receives from a plain stream instead of running a node
	Echo    bool   // sends each message back
	Child   bool   // runs as a child, on stdin and stdout
	Large   int    // runs a node whose program has a state of this many bytes
	Process int    // number of the process whose node it runs, with Large
	Mesh    int    // how many processes there are, with Large
	Store   string // folder of the store, with Large; empty means noStore
	Recover string // as config.Snapshot.Recover, with Large
	Home    string // address of the node that started the process, for an echo
	Net     config.Network
	Journal int    // as config.Snapshot.Journal
	Certs   string // directory of certificates; empty means no TLS
}

// pair is the shape of a cluster of two processes. p002 runs in the other operating-system
// process.
func (j job) pair() shape {
	return shape{processes: 2, network: j.Net, journal: j.Journal, certs: j.Certs, channels: func(i int) []int {
		switch {
		case i == 0:
			return []int{1}
		case j.Echo:
			return []int{0}
		}
		return nil
	}}
}

// mesh is the shape of a cluster of which each process is an operating-system process of its own.
func (j job) mesh() shape { return shape{processes: j.Mesh, store: j.Store, recover: j.Recover} }

// remote is the other operating-system process of a pair, as its starter uses it.
type remote struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	lines   chan string // lines of its stdout; closed when the process has ended
	err     error       // why the process has ended; valid once lines is closed
	address string      // where the process listens
}

const remoteStopMax = 5 * time.Second // from the end of stdin until the process is killed

// startRemote starts this program again to do the job. The caller must stop the process.
// The end of ctx kills it.
func startRemote(ctx context.Context, o *Options, j job) (*remote, error) {
	argument, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	r := &remote{lines: make(chan string), command: exec.CommandContext(ctx, o.Self[0], append(slices.Clone(o.Self[1:]), string(argument))...)}
	r.command.Stderr = os.Stderr
	if r.stdin, err = r.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := r.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.command.Start(); err != nil {
		return nil, err
	}
	go r.readLines(stdout)
	if err := r.read(ctx, "listening %s", &r.address); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// readLines reads the stdout of the process until it ends, and waits for the process.
func (r *remote) readLines(stdout io.Reader) {
	defer close(r.lines)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		r.lines <- lines.Text()
	}
	r.err = errors.New("the other process has ended")
	if err := r.command.Wait(); err != nil {
		r.err = fmt.Errorf("%w: %w", r.err, err)
	}
}

// read reads one line and scans it into values.
func (r *remote) read(ctx context.Context, format string, values ...any) error {
	select {
	case line, ok := <-r.lines:
		if !ok {
			return r.err
		}
		if _, err := fmt.Sscanf(line, format, values...); err != nil {
			return fmt.Errorf("the other process printed %q instead of %q: %w", line, format, err)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// expect asks the process to report when it has received n more messages.
func (r *remote) expect(ctx context.Context, n int) error {
	fmt.Fprintf(r.stdin, "%d\n", n) // if the process has ended, read returns the reason
	return r.read(ctx, "expecting")
}

// await waits until the expected messages were received. It returns the processor time
// that the process has used since the first of them.
func (r *remote) await(ctx context.Context) (used time.Duration, err error) {
	err = r.read(ctx, "received %d", &used)
	return used, err
}

// stop closes stdin, which asks the process to end, and waits until it has ended.
func (r *remote) stop() {
	r.stdin.Close()
	defer time.AfterFunc(remoteStopMax, func() { r.command.Process.Kill() }).Stop()
	for range r.lines {
	}
}

// kill kills the process and waits until it has ended.
func (r *remote) kill() {
	r.command.Process.Kill()
	r.stop()
}

// Peer is the main function of the other process of a pair. It does the job in argument,
// which is JSON, until stdin ends.
func Peer(ctx context.Context, argument string, stdin io.Reader, stdout io.Writer) error {
	var j job
	if err := json.Unmarshal([]byte(argument), &j); err != nil {
		return fmt.Errorf("argument %q is not a job of chandy bench: %w", argument, err)
	}
	if j.Child {
		return beChild(stdin, stdout)
	}
	if j.Large > 0 {
		return beLarge(ctx, j, stdin, stdout)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &counter{stdout: stdout, expected: make(chan int, 1)}
	go func() {
		defer cancel()
		lines := bufio.NewScanner(stdin)
		for lines.Scan() {
			var n int
			if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
				return
			}
			c.expected <- n
			c.say("expecting")
		}
	}()
	if j.Stream {
		return c.streamEnd(ctx, j)
	}
	return c.nodeEnd(ctx, j)
}

// counter counts received messages and reports when the expected number has come.
type counter struct {
	mu       sync.Mutex // guards stdout
	stdout   io.Writer
	expected chan int      // numbers of messages, from stdin
	left     int           // messages still to come
	began    time.Duration // processor time used before the first message
}

// got counts one message. If none is left to come, it first takes the next expected number.
func (c *counter) got() {
	if c.left == 0 {
		c.left, c.began = <-c.expected, cpu()
	}
	if c.left--; c.left == 0 {
		c.say("received %d", cpu()-c.began)
	}
}

// say prints a line for the process that started this one. Any goroutine may call it.
func (c *counter) say(format string, values ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.stdout, format+"\n", values...)
}

func (c *counter) nodeEnd(ctx context.Context, j job) error {
	cluster, err := j.pair().cluster()
	if err != nil {
		return err
	}
	network := &netnode.Loopback{}
	network.Set(cluster.Processes[0].Address, j.Home)
	var hosted program.Program = &sink{got: c.got}
	if j.Echo {
		hosted = &echo{}
	}
	node, err := netnode.New(netnode.Options{Cluster: cluster, ID: name(1), Program: hosted, Network: network, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	c.say("listening %s", node.Addr())
	return node.Run(ctx)
}

func (c *counter) streamEnd(ctx context.Context, j job) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	c.say("listening %s", l.Addr())
	conn, err := l.Accept()
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if conn, err = secure(conn, j.Certs, 1, true); err != nil {
		return err
	}
	got := func([]byte) { c.got() }
	if j.Echo {
		s := newStream(conn)
		got = func(payload []byte) {
			s.send(payload)
			s.flush()
		}
	}
	err = receive(conn, got)
	if ctx.Err() != nil {
		return nil
	}
	return err
}
