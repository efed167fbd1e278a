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
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/agreement"
	"chandy/internal/core"
	"chandy/internal/store"
	"chandy/program"
	"chandy/snapshot"
)

// Options configures a [Node].
type Options struct {
	// Cluster is the cluster to which the process belongs. Required.
	Cluster *Cluster
	// ID is the id of the process that the node hosts. Required.
	ID snapshot.ProcessID
	// Program is the program of the process, an instance of its own. Required.
	Program program.Program
	// NewProgram makes a fresh instance of the program, which a restore needs. Nil means that
	// the process cannot be restored.
	NewProgram func() (program.Program, error)
	// Restore names the saved snapshot from which the cluster is to start: an id, a name, or
	// latest. The node waits without a program until all processes are there and have gone
	// back to it. Empty means that the program begins with its initial state.
	Restore string
	// Log receives the node's log. The zero Logger discards it. The node logs within its
	// steps, so its writer must not block: a writer that blocks stops the node. Put a queue
	// that drops lines before a pipe or a terminal, such as package diode of zerolog.
	Log zerolog.Logger
	// Listen is the address to bind, host:port. Empty means the address of the process
	// in the cluster.
	Listen string
	// Network connects the nodes. Nil means TCP.
	Network Network
	// Seed seeds the randomness of the program, of the node's back-offs, and of the names
	// of incarnations and snapshots. Zero means a new seed at each start.
	Seed uint64
}

// Node hosts one process of the distributed program.
type Node struct {
	options   Options
	log       zerolog.Logger
	strange   zerolog.Logger // for connections of strangers: a few lines a second
	full      zerolog.Logger // for connections for which there is no room: a line a minute
	network   Network
	listener  net.Listener
	addresses *addresses

	begun    time.Time
	work     sync.WaitGroup     // every goroutine but the loop
	stop     context.Context    // done when the node ends
	end      context.CancelFunc // cancels stop
	exit     chan error         // receives the result of the core, once
	wake     chan struct{}      // capacity 1: the loop has something to do
	timer    *time.Timer        // wakes the loop when core.Next has come
	calls    calls              // functions given to Process.Do
	security *security          // nil without TLS
	large    chan struct{}      // one for each large request that is read
	// replies is how many bytes are queued for all clients together. When there are more than
	// repliesMax, a client for which something is queued waits.
	replies    atomic.Int64
	repliesMax int64

	stepper // owned by the goroutine that holds stepper.mu
	conns   connections
}

// New returns a node that listens on its address. Peers and clients can connect from
// now on; the node answers them once it runs. The caller must call Run or Close.
//
// It fails if the cluster has no such process, if the address is taken, if
// Options.Listen is not loopback and the cluster does not permit that, or if the cluster
// has TLS and the process has no certificate.
func New(o Options) (*Node, error) {
	p, ok := o.Cluster.Process(o.ID)
	if !ok {
		return nil, fmt.Errorf("no process %q in cluster %q: it has %v", o.ID, o.Cluster.Name, o.Cluster.IDs())
	}
	if o.Network == nil {
		o.Network = TCP{}
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
	secured, err := nodeSecurity(o.Cluster, o.ID)
	if err != nil {
		return nil, err
	}
	listener, err := o.Network.Listen(address)
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen: %w", o.ID, err)
	}
	log := o.Log.With().Str("process", string(o.ID)).Logger()
	n := &Node{
		options: o, log: log, network: o.Network, listener: listener, addresses: newAddresses(o.Cluster, log), security: secured,
		strange: log.Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Second}),
		full:    log.Sample(&zerolog.BurstSampler{Burst: 1, Period: time.Minute}),
		exit:    make(chan error, 1), wake: make(chan struct{}, 1), timer: time.NewTimer(never),
		large: make(chan struct{}, max(1, min(largeSlots, o.Cluster.Limits.Memory/largeShare))), repliesMax: repliesOfAll(o.Cluster),
		conns: connections{byID: map[core.ConnID]*conn{}},
	}
	n.stop, n.end = context.WithCancel(context.Background())
	random := rand.New(rand.NewPCG(o.Seed, 0))
	var ends func() time.Time
	if secured != nil {
		ends = secured.ends
	}
	saves := store.New(store.Folder(o.Cluster.StorePath()), o.Cluster.Name)
	recovery := agreement.Options{Recover: o.Cluster.Recovers(), Older: o.Cluster.Snapshot.RecoverCorrupt == "older"}
	agreement := &core.Agreement{Options: recovery, Program: o.Program}
	if o.Restore != "" {
		if agreement.Start, err = startOrder(saves, o.Restore); err != nil {
			listener.Close()
			return nil, err
		}
	}
	n.core = core.New(core.Options{
		Cluster: o.Cluster, ID: o.ID, Incarnation: snapshot.Incarnation(core.NewName(time.Now(), random)),
		Log: o.Log, Rand: random, Wall: time.Now, PID: os.Getpid(), Do: n.call, CertificateEnds: ends,
		NewProgram: o.NewProgram, Agreement: agreement, Store: saves,
	})
	n.armed = never
	return n, nil
}

// Addr returns the address on which the node listens.
func (n *Node) Addr() net.Addr { return n.listener.Addr() }

// Close ends a node that has not been Run. It must not be called after Run.
func (n *Node) Close() error {
	n.end()
	n.timer.Stop()
	return n.listener.Close()
}

// Run starts the program and runs the node until ctx is done. It then stops the node and
// returns nil. Stopping takes about two seconds at most: one until the outboxes are
// acknowledged, and one until the connections are flushed. The Close of the program comes
// on top. A node of a cluster that recovers first saves a snapshot, for at most
// stop_timeout of the cluster file, unless StopNow is called.
//
// It returns earlier if the program calls Process.Stop, with the error of that call, or if
// the outboxes exceed a limit of the cluster, with an error that names the channel.
//
// When Run returns, every goroutine that it started has ended, and a program that
// implements [io.Closer] is closed. Run must be called at most once.
func (n *Node) Run(ctx context.Context) error {
	n.begun = time.Now()
	n.post(core.Called{F: func() {}}) // the core reads the store, and begins an epoch
	n.work.Go(n.accept)
	n.work.Go(n.pulse)
	n.startSecurity()
	if _, tcp := n.network.(TCP); tcp {
		n.work.Go(n.warnUnreachable)
	}
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
	n.closePrograms()
	n.work.Wait()
	return err
}

// StopNow stops a node that runs, as the end of the context of Run does, but without saving
// a snapshot first. A snapshot that is being saved for the stop is given up. Any goroutine
// may call it.
func (n *Node) StopNow() { n.post(core.Stopping{AtOnce: true}) }

// closePrograms closes the programs that are io.Closers: the running one, and one that was
// about to be restored.
func (n *Node) closePrograms() {
	n.mu.Lock()
	programs := n.core.Programs()
	n.mu.Unlock()
	for _, p := range programs {
		if closer, ok := p.(io.Closer); ok {
			if err := closer.Close(); err != nil {
				n.log.Warn().Err(err).Msg("the program did not end well")
			}
		}
	}
}
