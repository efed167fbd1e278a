package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"chandy/netnode"
	"chandy/program"
)

const (
	largeProcesses = 3
	largeState     = 300_000_000 // bytes
	largeTick      = time.Millisecond
)

// largeStates measures what a snapshot of large states costs their programs and the node
// that assembles it. Each process is an operating-system process of its own, so that each
// has a heap and a garbage collector of its own. The client reads the JSON as it comes.
func largeStates() Benchmark {
	return Benchmark{
		Name:  "snapshot/large",
		About: "a snapshot of 3 operating-system processes with a state of 300 MB each, until the client has the JSON: its time, the longest pause of the assembler's program and of the others', and the largest resident size of the assembler, divided by all states; the reference is the longest pause during as long a time without a snapshot",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			var quiet []float64
			return compare(ctx, o, []figure{
				{"snapshot/large", "ms"}, {"snapshot/large/pause", "ms"}, {"snapshot/large/pause-others", "ms"},
				{"snapshot/large/memory", "times the states"},
			}, func(ctx context.Context) (values []float64, err error) {
				values, quiet, err = largeRun(ctx, o, o.messages(largeState))
				return values, err
			}, func(context.Context) ([]float64, error) { return quiet, nil })
		},
	}
}

// largeRun returns the values of a snapshot, and of as long a time without one, as far as it
// has them.
func largeRun(ctx context.Context, o *Options, state int) (values, quiet []float64, err error) {
	cluster, err := startLarge(ctx, o, job{}, state, state, state)
	if err != nil {
		return nil, nil, err
	}
	defer cluster.stop()
	client, err := cluster.client(ctx, 0)
	if err != nil {
		return nil, nil, err
	}
	defer client.Close()
	values, quiet, err = cluster.compareQuiet(ctx, func() error {
		_, err := take(ctx, client, io.Discard)
		return err
	})
	if err == nil {
		values[3] /= float64(largeProcesses * state)
	}
	return values, quiet, err
}

// largeCluster is a cluster of which each process is an operating-system process of its own.
type largeCluster struct {
	running // without nodes
	job
	ends []*remote
}

// startLarge starts a cluster whose processes have states of these lengths, in bytes, and
// waits until all its channels are up. The caller must stop the cluster. The job says what
// the processes have in common.
func startLarge(ctx context.Context, o *Options, j job, states ...int) (_ *largeCluster, err error) {
	j.Mesh = len(states)
	c := &largeCluster{job: j, running: running{network: &netnode.Loopback{}}}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	if c.cluster, err = j.mesh().cluster(); err != nil {
		return nil, err
	}
	c.ends = make([]*remote, j.Mesh)
	for i := range c.ends {
		if err := c.start(ctx, o, i, states[i]); err != nil {
			return nil, err
		}
	}
	c.tellAddresses()
	return c, c.awaitUp(ctx)
}

// start starts process i. Its state has the given length, in bytes.
func (c *largeCluster) start(ctx context.Context, o *Options, i, state int) (err error) {
	j := c.job
	j.Large, j.Process = state, i
	if c.ends[i], err = startRemote(ctx, o, j); err == nil {
		c.network.Set(c.cluster.Processes[i].Address, c.ends[i].address)
	}
	return err
}

// tellAddresses tells each process where the others listen.
func (c *largeCluster) tellAddresses() {
	line := "addresses"
	for _, r := range c.ends {
		line += " " + r.address
	}
	for _, r := range c.ends {
		fmt.Fprintln(r.stdin, line)
	}
}

func (c *largeCluster) stop() {
	for _, r := range c.ends {
		if r != nil {
			r.stop()
		}
	}
}

// compareQuiet measures f, and then as long a time without it. The first value is the time
// of f in ms; measureLarge describes the others.
func (c *largeCluster) compareQuiet(ctx context.Context, f func() error) (values, quiet []float64, err error) {
	var took time.Duration
	values, err = measureLarge(ctx, c.ends, func() error {
		began := time.Now()
		err := f()
		took = time.Since(began)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	values[0] = took.Seconds() * 1e3
	quiet, err = measureLarge(ctx, c.ends, func() error { return pause(ctx, took) })
	if err != nil {
		return nil, nil, err
	}
	quiet[3] = 0 // no reference
	return values, quiet, nil
}

// measureLarge returns the pauses of the first process and of the others while f runs, in
// ms, as the second and third value. The fourth is the largest resident size of the first.
func measureLarge(ctx context.Context, ends []*remote, f func() error) ([]float64, error) {
	for _, r := range ends {
		fmt.Fprintln(r.stdin, "begin")
	}
	if err := f(); err != nil {
		return nil, err
	}
	values := make([]float64, 4)
	for i, r := range ends {
		fmt.Fprintln(r.stdin, "end")
		var pause time.Duration
		var resident float64
		if err := r.read(ctx, "measured %d %f", &pause, &resident); err != nil {
			return nil, err
		}
		at := min(i, 1) + 1
		values[at] = max(values[at], pause.Seconds()*1e3)
		if i == 0 {
			values[3] = resident
		}
	}
	return values, nil
}

// ticking is a program with a large state, which measures how late its timers are.
type ticking struct {
	large
	process program.Process
	started chan struct{} // closed by Start
	last    time.Time
	longest time.Duration
}

func (p *ticking) Start(process program.Process) {
	p.process, p.last = process, time.Now()
	close(p.started)
	p.tick()
}

func (p *ticking) Restore(state []byte, done func(error)) {
	p.state = state
	done(nil)
}

func (p *ticking) tick() {
	now := time.Now()
	p.longest = max(p.longest, now.Sub(p.last)-largeTick)
	p.last = now
	p.process.After(largeTick, p.tick)
}

// jsonState returns a state of about n bytes.
func jsonState(n int) []byte {
	b := bytes.NewBuffer(make([]byte, 0, n))
	_ = writeState(b, n) // a buffer returns no error
	return b.Bytes()
}

// writeState writes a state of about n bytes.
func writeState(w io.Writer, n int) error {
	var some []byte
	for i := range 10_000 {
		some = fmt.Appendf(some, `,{"k":%07d}`, 1_000_000+i)
	}
	written, err := io.WriteString(w, "[0")
	for ; err == nil && written+len(some) < n; written += len(some) {
		_, err = w.Write(some)
	}
	if err == nil {
		_, err = io.WriteString(w, "]")
	}
	return err
}

// beLarge runs one process of the benchmark, on stdin and stdout.
func beLarge(ctx context.Context, j job, stdin io.Reader, stdout io.Writer) error {
	cluster, err := j.mesh().cluster()
	if err != nil {
		return err
	}
	debug.SetMemoryLimit(2 * int64(cluster.Limits.Memory)) // as chandy node does
	p := &ticking{large: large{state: jsonState(j.Large)}, started: make(chan struct{})}
	network := &netnode.Loopback{}
	node, err := netnode.New(netnode.Options{
		Cluster: cluster, ID: name(j.Process), Program: p, Network: network, Log: zerolog.Nop(),
		NewProgram: func() (program.Program, error) { return &ticking{started: make(chan struct{})}, nil },
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "listening %s\n", node.Addr())
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		for lines := bufio.NewScanner(stdin); lines.Scan(); {
			line := lines.Text()
			if addresses, ok := strings.CutPrefix(line, "addresses "); ok {
				for i, address := range strings.Fields(addresses) {
					if i != j.Process {
						network.Set(cluster.Processes[i].Address, address)
					}
				}
				continue
			}
			<-p.started
			p.process.Do(func() { p.command(line, stdout) })
		}
	}()
	return node.Run(ctx)
}

// command begins to measure, or prints what was measured.
func (p *ticking) command(line string, stdout io.Writer) {
	if line == "begin" {
		p.longest, p.last = 0, time.Now()
		return
	}
	fmt.Fprintf(stdout, "measured %d %d\n", p.longest, residentMax())
}

// residentMax returns the largest resident size of this process so far, in bytes.
func residentMax() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	if _, line, ok := strings.Cut(string(status), "VmHWM:"); ok {
		var kib int64
		if _, err := fmt.Sscan(line, &kib); err == nil {
			return kib << 10
		}
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	if runtime.GOOS == "linux" {
		return int64(u.Maxrss) << 10
	}
	return int64(u.Maxrss)
}
