package clustertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
)

// Patience is how long a test on real sockets may take. It is enough for a busy machine.
const Patience = 5 * time.Minute

// Options are the options of New.
type Options struct {
	// Program makes the programs that Start starts.
	Program func(*config.Cluster, config.Process) (program.Program, error)
	// Network returns the network as the node with an address of the cluster file sees
	// it, or as clients see it if the address is "client". Nil means a Loopback.
	Network func(from string) netnode.Network
}

// Cluster is a cluster of nodes in this process. Its methods end the test when
// something fails, unless they return an error.
type Cluster struct {
	Config *config.Cluster
	// Ctx bounds every call. A test may replace it.
	Ctx    context.Context
	Log    *Log
	Memory *Memory // the network of a cluster of Virtual, else nil

	t       *testing.T
	options Options
	seeds   *rand.Rand // one seed for each start of a node
	nodes   map[snapshot.ProcessID]*running
}

type running struct {
	node *netnode.Node
	end  context.CancelFunc
	done chan struct{} // closed when Run has returned
	err  error         // returned by Run
}

// New returns a cluster with the text of a cluster file. No node runs yet. Its nodes
// stop when the test ends.
func New(t *testing.T, text string, o Options) *Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), Patience, fmt.Errorf("not within %v", Patience))
	t.Cleanup(cancel)
	if o.Network == nil {
		tcp := &netnode.Loopback{}
		o.Network = func(string) netnode.Network { return tcp }
	}
	return newCluster(ctx, t, text, o)
}

// Virtual runs f with a cluster over a network in memory, in a synctest bubble.
func Virtual(t *testing.T, text string, o Options, f func(t *testing.T, c *Cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		m := &Memory{}
		o.Network = m.From
		c := newCluster(t.Context(), t, text, o)
		c.Memory = m
		f(t, c)
		c.StopAll()
		synctest.Wait()
	})
}

func newCluster(ctx context.Context, t *testing.T, text string, o Options) *Cluster {
	t.Helper()
	parsed, err := config.Parse(t.TempDir()+"/cluster.toml", []byte(text))
	if err != nil {
		t.Fatalf("cluster file: %v\n%s", err, text)
	}
	c := &Cluster{
		Config: parsed, Ctx: ctx, Log: newLog(), t: t, options: o,
		seeds: rand.New(rand.NewPCG(Seed(t), 1)), nodes: map[snapshot.ProcessID]*running{},
	}
	t.Cleanup(func() {
		c.StopAll()
		if t.Failed() {
			t.Logf("log of the nodes:\n%s", c.Log.tail())
		}
	})
	return c
}

// Program returns a new program of a process.
func (c *Cluster) Program(id snapshot.ProcessID) program.Program {
	c.t.Helper()
	p, _ := c.Config.Process(id)
	made, err := c.options.Program(c.Config, p)
	if err != nil {
		c.t.Fatalf("program of %s: %v", id, err)
	}
	return made
}

// Start starts the nodes of some processes, or of all if none is named.
func (c *Cluster) Start(ids ...snapshot.ProcessID) {
	c.t.Helper()
	if len(ids) == 0 {
		ids = c.Config.IDs()
	}
	for _, id := range ids {
		c.Host(id, c.Program(id))
	}
}

// Host starts the node of a process with a program of the test.
func (c *Cluster) Host(id snapshot.ProcessID, hosted program.Program) {
	c.t.Helper()
	n, err := netnode.New(netnode.Options{
		Cluster: c.Config, ID: id, Program: hosted, Network: c.Network(c.Address(id)), Log: zerolog.New(c.Log), Seed: c.seeds.Uint64(),
	})
	if err != nil {
		c.t.Fatalf("node of %s: %v", id, err)
	}
	ctx, end := context.WithCancel(context.Background())
	r := &running{node: n, end: end, done: make(chan struct{})}
	go func() {
		r.err = n.Run(ctx)
		close(r.done)
	}()
	c.nodes[id] = r
}

// Node returns the running node of a process.
func (c *Cluster) Node(id snapshot.ProcessID) *netnode.Node { return c.nodes[id].node }

// Done returns a channel that is closed when the node of a process has ended.
func (c *Cluster) Done(id snapshot.ProcessID) <-chan struct{} { return c.nodes[id].done }

// Address returns the address of a process in the cluster file.
func (c *Cluster) Address(id snapshot.ProcessID) string {
	p, _ := c.Config.Process(id)
	return p.Address
}

// Network returns the network as Options.Network does.
func (c *Cluster) Network(from string) netnode.Network { return c.options.Network(from) }

// Wrap puts a network before the one of clients, and of nodes that are not started yet.
func (c *Cluster) Wrap(wrap func(netnode.Network) netnode.Network) {
	inner := c.options.Network
	c.options.Network = func(from string) netnode.Network { return wrap(inner(from)) }
}

// Stop stops a node and returns the error of its Run.
func (c *Cluster) Stop(id snapshot.ProcessID) error {
	r := c.nodes[id]
	delete(c.nodes, id)
	r.end()
	<-r.done
	return r.err
}

// StopAll stops all nodes that run. The test fails if one of them had ended by itself.
func (c *Cluster) StopAll() {
	var wait sync.WaitGroup
	for id := range c.nodes {
		r := c.nodes[id]
		r.end()
		wait.Go(func() {
			if <-r.done; r.err != nil {
				c.t.Errorf("node of %s: got error %v, want none", id, r.err)
			}
		})
	}
	wait.Wait()
	clear(c.nodes)
}

// Ended waits until a node has ended by itself, and returns the error of its Run.
func (c *Cluster) Ended(id snapshot.ProcessID) error {
	c.t.Helper()
	Await(c, c.Done(id))
	r := c.nodes[id]
	delete(c.nodes, id)
	return r.err
}

// Await receives from a Go channel. The test ends if c.Ctx ends first.
func Await[T any](c *Cluster, queue <-chan T) (v T) {
	c.t.Helper()
	select {
	case v = <-queue:
	case <-c.Ctx.Done():
		c.t.Fatalf("got nothing (%v), want a value", context.Cause(c.Ctx))
	}
	return v
}
