package netnode

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/internal/core"
	"chandy/program"
	"chandy/snapshot"
)

// Cluster is a cluster file, checked and with its defaults filled in.
type Cluster = config.Cluster

// LoadCluster reads a cluster file. An empty path means $CHANDY_CLUSTER, else
// ./cluster.toml, as for the command chandy. The error lists all faults of the file.
func LoadCluster(path string) (*Cluster, error) { return config.Load(config.Find(path)) }

// Options is what New needs. Cluster, ID and Program are required.
type Options struct {
	Cluster *Cluster
	ID      snapshot.ProcessID // of the process that the node hosts
	Program program.Program
	// Log receives the node's log. The zero Logger discards it.
	Log zerolog.Logger
	// Listen is the address to bind; empty means the address in the cluster file.
	Listen string
	// Network connects the nodes; nil means TCP.
	Network Network
	// Wall is the wall clock, for names and started_at only; nil means time.Now.
	Wall func() time.Time
	// Seed seeds the randomness of the program and of back-offs; 0 means a random seed.
	Seed uint64
}

// Node hosts one process of the distributed program.
type Node struct {
	log      zerolog.Logger
	strange  zerolog.Logger // for connections of strangers: a few lines a second
	program  program.Program
	network  Network
	listener net.Listener

	begun time.Time
	work  sync.WaitGroup // every goroutine but the loop
	stop  context.Context
	end   context.CancelFunc
	exit  chan error    // receives the result of the core, once
	wake  chan struct{} // capacity 1: the loop has something to do
	timer *time.Timer   // wakes the loop when core.Next has come
	calls calls         // functions given to Process.Do

	stepper // owned by the goroutine that holds stepper.mu
	conns   connections
}

// New returns a node that has bound its address. The caller must call Run or Close.
func New(o Options) (*Node, error) {
	p, ok := o.Cluster.Process(o.ID)
	if !ok {
		return nil, fmt.Errorf("no process %q in cluster %q: it has %v", o.ID, o.Cluster.Name, o.Cluster.IDs())
	}
	if o.Network == nil {
		o.Network = TCP{}
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
	if o.Seed == 0 {
		var seed [8]byte
		crand.Read(seed[:]) // never fails
		o.Seed = binary.NativeEndian.Uint64(seed[:])
	}
	address := p.Address
	if o.Listen != "" {
		address = o.Listen
		if err := o.Cluster.CheckAddress(address); err != nil {
			return nil, fmt.Errorf("listen on %s: %w", address, err)
		}
	}
	listener, err := o.Network.Listen(address)
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen: %w", o.ID, err)
	}
	log := o.Log.With().Str("process", string(o.ID)).Logger()
	n := &Node{
		log: log, program: o.Program, network: o.Network, listener: listener,
		strange: log.Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Second}),
		exit:    make(chan error, 1), wake: make(chan struct{}, 1), timer: time.NewTimer(never),
		conns: connections{byID: map[core.ConnID]*conn{}},
	}
	n.stop, n.end = context.WithCancel(context.Background())
	random := rand.New(rand.NewPCG(o.Seed, 0))
	n.core = core.New(core.Options{
		Cluster: o.Cluster, ID: o.ID, Incarnation: snapshot.Incarnation(core.NewName(o.Wall(), random)),
		Log: o.Log, Rand: random, Wall: o.Wall, PID: os.Getpid(), Do: n.call,
	})
	n.armed = never
	return n, nil
}

// Addr returns the address that the node listens on.
func (n *Node) Addr() net.Addr { return n.listener.Addr() }

// Close ends a node that was not Run.
func (n *Node) Close() error {
	n.end()
	n.timer.Stop()
	return n.listener.Close()
}

// Run runs the node until ctx is done, and then stops it, for which it takes at most
// about a second. It returns nil then, and an error if the node ended by itself. When Run
// returns, every goroutine that it started has ended, and a program that implements
// [io.Closer] is closed. Run must be called once.
func (n *Node) Run(ctx context.Context) error {
	n.begun = time.Now()
	n.post(core.Begin{Epoch: 1, Program: n.program})
	n.work.Go(n.accept)
	unhook := context.AfterFunc(ctx, func() { n.post(core.Stopping{}) })
	defer unhook()
	err := n.loop()
	n.end()
	n.listener.Close()
	n.timer.Stop()
	n.calls.close()
	n.conns.closeAll(true)
	force := time.AfterFunc(core.StopTimeout, func() { n.conns.closeAll(false) })
	defer force.Stop()
	n.closeProgram()
	n.work.Wait()
	return err
}

// closeProgram ends whatever the program started outside the loop.
func (n *Node) closeProgram() {
	if closer, ok := n.program.(io.Closer); ok {
		if err := closer.Close(); err != nil {
			n.log.Warn().Err(err).Msg("the program did not end well")
		}
	}
}
