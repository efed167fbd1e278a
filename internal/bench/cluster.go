package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
)

// shape describes a cluster.
type shape struct {
	processes int
	channels  func(i int) []int // receivers of process i; nil means every other process
	network   config.Network
	markers   string         // the rule for markers; empty means the default
	journal   int            // as config.Snapshot.Journal
	store     string         // folder of the store; empty means noStore
	recover   string         // as config.Snapshot.Recover
	certs     string         // directory of certificates; empty means no TLS
	program   map[string]any // nil means a program of this package
}

const clusterName = "bench"

// noStore is where the store of a cluster that saves nothing would lie. The default could be
// the store of another cluster, whose file lies in the working directory.
var noStore = filepath.Join(os.TempDir(), fmt.Sprintf("chandy-bench-%d-without-store", os.Getpid()))

func (s shape) cluster() (*config.Cluster, error) {
	d := config.Definition{
		Name: clusterName, Program: s.program, Network: s.network, TLS: tlsTable(s.certs),
		Snapshot: config.Snapshot{Timeout: time.Minute, Markers: s.markers, Journal: s.journal, Store: cmp.Or(s.store, noStore), Recover: s.recover},
	}
	for i := range s.processes {
		p := config.ProcessDefinition{ID: name(i), Address: fmt.Sprintf("127.0.0.1:%d", 1+i)}
		if s.channels != nil {
			p.Channels = []snapshot.ProcessID{}
			for _, to := range s.channels(i) {
				p.Channels = append(p.Channels, name(to))
			}
		}
		d.Processes = append(d.Processes, p)
	}
	return config.Build(d)
}

// name returns the id of process i. The ids sort by number.
func name(i int) snapshot.ProcessID { return snapshot.ProcessID(fmt.Sprintf("p%03d", i+1)) }

// running is a cluster of nodes in this operating-system process.
type running struct {
	cluster *config.Cluster
	network *netnode.Loopback
	end     context.CancelFunc
	ended   chan error // one result of each node
	nodes   int        // nodes that were started
	address string     // of the node; set by startOne only
}

// start runs a cluster and waits until all its channels are up. The caller must stop the
// cluster.
func start(ctx context.Context, s shape, program func(i int) program.Program) (*running, error) {
	cluster, err := s.cluster()
	if err != nil {
		return nil, err
	}
	r := &running{cluster: cluster, network: &netnode.Loopback{}, ended: make(chan error, s.processes)}
	ctx, r.end = context.WithCancel(ctx)
	var nodes []*netnode.Node
	for i, p := range cluster.Processes {
		node, err := netnode.New(netnode.Options{
			Cluster: cluster, ID: p.ID, Program: program(i), NewProgram: another(program, i), Network: r.network, Log: zerolog.Nop(),
		})
		if err == nil && ctx.Err() != nil { // checked here because a hundred nodes take a second or two
			node.Close()
			err = ctx.Err()
		}
		if err != nil {
			for _, node := range nodes {
				node.Close()
			}
			r.end()
			return nil, err
		}
		nodes = append(nodes, node)
	}
	for _, node := range nodes {
		r.nodes++
		go func() { r.ended <- node.Run(ctx) }()
	}
	if err := r.awaitUp(ctx); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

// another returns what makes the programs of process i for restores.
func another(programs func(i int) program.Program, i int) func() (program.Program, error) {
	return func() (program.Program, error) { return programs(i), nil }
}

// with starts a cluster, calls f with a client of its first process, and stops it.
func (s shape) with(ctx context.Context, program func(i int) program.Program, f func(r *running, client *netnode.Client) error) (err error) {
	r, err := start(ctx, s, program)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	client, err := r.client(ctx, 0)
	if err != nil {
		return err
	}
	defer client.Close()
	return f(r, client)
}

const upMax = time.Minute // at most, until the channels of a cluster are up

func (r *running) awaitUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, upMax)
	defer cancel()
	for _, p := range r.cluster.Processes {
		client, err := netnode.DialClient(ctx, r.cluster, p.ID, r.network)
		if err != nil {
			return err
		}
		err = client.AwaitUp(ctx)
		client.Close()
		if err != nil {
			return fmt.Errorf("channels of %s: %w", p.ID, err)
		}
	}
	return nil
}

func (r *running) client(ctx context.Context, i int) (*netnode.Client, error) {
	return netnode.DialClient(ctx, r.cluster, name(i), r.network)
}

// stop ends all nodes and waits until they have ended.
func (r *running) stop() error {
	r.end()
	var errs []error
	for range r.nodes {
		errs = append(errs, <-r.ended)
	}
	return errors.Join(errs...)
}
