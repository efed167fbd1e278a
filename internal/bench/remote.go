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
	"time"

	"github.com/rs/zerolog"

	"chandy/netnode"
)

// job is what the other operating-system process of a pair does.
type job struct {
	Stream bool   // at the end of a plain stream, not as a node
	Echo   bool   // sends back what it receives
	Child  bool   // is a child, and speaks its protocol
	Home   string // address of the node that started it, for an echo
	Net    string // further lines of [network]
}

// pair is the shape of two processes, of which p002 is in the other
// operating-system process.
func (j job) pair() shape {
	return shape{processes: 2, network: j.Net, channels: func(i int) []int {
		switch {
		case i == 0:
			return []int{1}
		case j.Echo:
			return []int{0}
		}
		return nil
	}}
}

// remote is the other operating-system process, seen from the one that started it.
type remote struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	lines   *bufio.Scanner
	address string
}

// startRemote starts this program again to do the job.
func startRemote(ctx context.Context, o *Options, j job) (*remote, error) {
	argument, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	r := &remote{command: exec.CommandContext(ctx, o.Self[0], append(o.Self[1:], string(argument))...)}
	r.command.Stderr = os.Stderr
	if r.stdin, err = r.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := r.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.lines = bufio.NewScanner(stdout)
	if err := r.command.Start(); err != nil {
		return nil, err
	}
	if _, err := r.read("listening %s", &r.address); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

func (r *remote) read(format string, values ...any) (int, error) {
	if !r.lines.Scan() {
		return 0, errors.Join(errors.New("the other process has ended"), r.lines.Err())
	}
	return fmt.Sscanf(r.lines.Text(), format, values...)
}

// expect asks it to tell when it has received n more messages.
func (r *remote) expect(n int) error {
	_, err := fmt.Fprintf(r.stdin, "%d\n", n)
	if err == nil {
		_, err = r.read("expecting")
	}
	return err
}

// await waits until it has received them, and gives the processor time that it
// has used since expect.
func (r *remote) await() (time.Duration, error) {
	var used time.Duration
	_, err := r.read("received %d", &used)
	return used, err
}

func (r *remote) stop() error {
	r.stdin.Close()
	return r.command.Wait()
}

// Peer does what argument says, as the other process of a pair, until stdin ends.
func Peer(ctx context.Context, argument string, stdin io.Reader, stdout io.Writer) error {
	var j job
	if err := json.Unmarshal([]byte(argument), &j); err != nil {
		return fmt.Errorf("%q is not a job of chandy bench: %w", argument, err)
	}
	if j.Child {
		return beChild(stdin, stdout)
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
			fmt.Fprintln(stdout, "expecting")
		}
	}()
	if j.Stream {
		return c.streamEnd(ctx, j)
	}
	return c.nodeEnd(ctx, j)
}

// counter counts messages and tells when those that were expected are there.
type counter struct {
	stdout   io.Writer
	expected chan int
	left     int
	began    time.Duration // processor time
}

// got counts one message. The first one after another is expected fetches how many.
func (c *counter) got() {
	if c.left == 0 {
		c.left, c.began = <-c.expected, cpu()
	}
	if c.left--; c.left == 0 {
		fmt.Fprintf(c.stdout, "received %d\n", cpu()-c.began)
	}
}

func (c *counter) nodeEnd(ctx context.Context, j job) error {
	cluster, err := j.pair().cluster()
	if err != nil {
		return err
	}
	network := newPorts()
	network.set(cluster.Processes[0].Address, j.Home)
	var program netnode.Program = &sink{got: c.got}
	if j.Echo {
		program = &echo{}
	}
	node, err := netnode.New(netnode.Options{Cluster: cluster, ID: name(1), Program: program, Network: network, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "listening %s\n", node.Addr())
	return node.Run(ctx)
}

func (c *counter) streamEnd(ctx context.Context, j job) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	fmt.Fprintf(c.stdout, "listening %s\n", l.Addr())
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
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
