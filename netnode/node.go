package netnode

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
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

// LoadCluster reads a cluster file; with an empty path the one that the command
// finds: $CHANDY_CLUSTER, else ./cluster.toml. The error lists all faults of it.
func LoadCluster(path string) (*Cluster, error) { return config.Load(config.Find(path)) }

// Options are what a node is made of.
type Options struct {
	Cluster *Cluster
	ID      snapshot.ProcessID
	Program program.Program
	// Log takes what the node has to say; the zero Logger says nothing.
	Log zerolog.Logger
	// Listen is the address to bind; empty: the one in the cluster file.
	Listen string
	// Network is how the node reaches others; nil: TCP.
	Network Network
	// Wall is the wall clock, for names and started_at only; nil: time.Now.
	Wall func() time.Time
	// Seed is that of the program's randomness and the jitter; 0: a random one.
	Seed uint64
}

// Node hosts one process of the distributed program.
type Node struct {
	log      zerolog.Logger
	strange  zerolog.Logger // for strangers' connections: a few lines a second
	program  program.Program
	network  Network
	listener net.Listener

	mail  mailbox
	begun time.Time
	work  sync.WaitGroup // every goroutine but the loop
	stop  context.Context
	end   context.CancelFunc
	exit  chan error // what the core exited with, once
	alarm alarm      // calls timeUp

	turn   sync.Mutex // guards the core, and what follows; free while the node runs
	core   *core.Core
	events []core.Event  // used by the last step
	now    bundle        // what a connection writes at once; empty between two writes
	armed  time.Duration // when the alarm goes off
	exited bool

	mu    sync.Mutex // guards the rest
	conns map[core.ConnID]*conn
	count core.ConnID // of accepted connections
	ended bool        // no new connection is taken
	early []*conn     // connections from outside that have not said hello, the oldest first
}

// New makes a node and binds its address. It must be Run or Closed.
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
		conns:   map[core.ConnID]*conn{},
	}
	n.mail.init()
	n.exit, n.armed = make(chan error, 1), never
	n.alarm = newAlarm(listener, &n.work, n.timeUp)
	n.turn.Lock()
	n.stop, n.end = context.WithCancel(context.Background())
	random := rand.New(rand.NewPCG(o.Seed, 0))
	n.core = core.New(core.Options{
		Cluster: o.Cluster, ID: o.ID, Incarnation: snapshot.Incarnation(core.NewName(o.Wall(), random)),
		Log: o.Log, Rand: random, Wall: o.Wall, PID: os.Getpid(),
		Do: func(f func()) {
			n.mail.post(core.Called{F: f}) // not a step here: who calls Do may hold locks that f takes
			n.mail.ring()
		},
	})
	n.mail.post(core.Begin{Epoch: 1, Program: o.Program})
	return n, nil
}

// Addr is the address that the node listens on.
func (n *Node) Addr() net.Addr { return n.listener.Addr() }

// Close ends a node that was not Run.
func (n *Node) Close() error {
	n.end()
	n.alarm.close()
	n.work.Wait()
	return n.listener.Close()
}

// Run runs the node until ctx is done, then stops it: it flushes for at most a
// second. It returns nil then, and an error if the node had to stop by itself;
// when it returns, every goroutine that it started has ended. It is called once.
// A program that is an io.Closer is closed before it returns.
func (n *Node) Run(ctx context.Context) error {
	n.begun = time.Now()
	n.turn.Unlock()
	n.work.Go(n.accept)
	unhook := context.AfterFunc(ctx, func() { n.post(core.Stopping{}) })
	defer unhook()
	err := n.loop()
	n.end()
	n.listener.Close()
	n.alarm.close()
	n.mail.close()
	n.closeAll(true)
	force := time.AfterFunc(core.StopTimeout, func() { n.closeAll(false) })
	defer force.Stop()
	n.closeProgram()
	n.work.Wait()
	return err
}

// closeProgram ends what a program started outside of the loop, if it says how.
func (n *Node) closeProgram() {
	if closer, ok := n.program.(io.Closer); ok {
		if err := closer.Close(); err != nil {
			n.log.Warn().Err(err).Msg("the program did not end well")
		}
	}
}

// closeAll ends all connections, after what was queued was written if flush.
func (n *Node) closeAll(flush bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ended = true
	for _, c := range n.conns {
		c.close(flush)
	}
}

// post hands an event to the core. If nobody has the core it steps at once, on the
// goroutine that brings the event: what comes from a connection is answered without
// a change of goroutines, which would cost more than most steps do. Any goroutine
// may call it.
func (n *Node) post(e core.Event) { n.postFrom(nil, e) }

// postFrom is post for the reader of a connection. It tells whether the core has
// taken the event; if not, conn.taken will tell.
func (n *Node) postFrom(reader *conn, e core.Event) (taken bool) {
	n.mail.post(e)
	if !n.turn.TryLock() {
		return false // who has the core looks into the mailbox again afterwards
	}
	more, taken := n.step(reader)
	n.turn.Unlock()
	if more || n.mail.waiting() {
		n.mail.ring()
	}
	return taken
}

// loop makes the first step, and goes on where others left work: who brings events
// makes one step and returns to its connection.
func (n *Node) loop() error {
	for {
		n.turn.Lock()
		more, _ := n.step(nil)
		n.turn.Unlock()
		if more || n.mail.waiting() {
			runtime.Gosched() // readers may have markers
			continue
		}
		select {
		case err := <-n.exit:
			return err
		case <-n.mail.bell:
		}
	}
}

// timeUp steps when the alarm goes off.
func (n *Node) timeUp() {
	n.turn.Lock()
	n.armed = never
	more, _ := n.step(nil)
	n.turn.Unlock()
	if more || n.mail.waiting() {
		n.mail.ring()
	}
}

// never is later than everything.
const never = time.Duration(math.MaxInt64)

// step has the core: everything that it calls, and everything that the program
// does, happens with turn locked. It tells whether there is more to do at once, and
// whether it took frames of the reader that called it.
func (n *Node) step(reader *conn) (more, taken bool) {
	n.events = n.mail.take(n.events)
	if n.exited {
		return false, false
	}
	began := time.Since(n.begun)
	effects := n.core.Step(began, n.events)
	n.adaptBudget(time.Since(n.begun) - began)
	taken = n.taken(n.events, reader)
	for _, e := range effects {
		if exit, ok := e.(core.Exit); ok {
			n.exited = true
			n.exit <- exit.Err
			return false, taken
		}
		n.carryOut(e)
	}
	if n.core.More() {
		return true, taken // no alarm: it would wake another thread
	}
	if at, ok := n.core.Next(); ok && at < n.armed {
		// One alarm too many costs a step; to put it off each time costs more.
		n.armed = at
		n.alarm.set(at - time.Since(n.begun))
	}
	return false, taken
}

// Steps are to be short, so that a slow program does not keep markers and
// acknowledgements waiting: the budget of messages follows how long they take.
const (
	stepTarget = 30 * time.Microsecond
	budgetMin  = 1
	budgetMax  = 4096
)

func (n *Node) adaptBudget(took time.Duration) {
	switch b := n.core.Budget; {
	case took > 2*stepTarget:
		n.core.Budget = max(budgetMin, b/2)
	case took < stepTarget && n.core.Spent():
		n.core.Budget = min(budgetMax, 2*b)
	}
}

func (n *Node) carryOut(e core.Effect) {
	switch e := e.(type) {
	case core.Dial:
		n.work.Go(func() { n.dial(e) })
	case core.Background:
		n.work.Go(func() {
			result := e.Work()
			n.post(core.Called{F: func() { e.Then(result) }})
		})
	case core.Write:
		if c := n.conn(e.Conn); c != nil {
			c.write(e)
		}
	case core.Accept:
		if c := n.conn(e.Conn); c != nil {
			c.once.Do(func() { close(c.accepted) })
		}
	case core.Close:
		if c := n.conn(e.Conn); c != nil {
			c.close(e.Flush)
		}
	}
}

// taken lets readers go on whose frames the core has taken. It tells whether those
// of one of them, which need not be told, were among them.
func (n *Node) taken(events []core.Event, reader *conn) (found bool) {
	for _, e := range events {
		a, ok := e.(core.Arrived)
		if !ok {
			continue
		}
		if reader != nil && reader.id == a.Conn {
			found = true
		} else if c := n.conn(a.Conn); c != nil {
			c.taken <- struct{}{}
		}
	}
	return found
}

// dialTimeout is how long an attempt to connect may take.
const dialTimeout = 2 * time.Second

func (n *Node) dial(e core.Dial) {
	ctx, cancel := context.WithTimeout(n.stop, dialTimeout)
	defer cancel()
	socket, err := n.network.Dial(ctx, e.Address)
	if err != nil {
		n.post(core.Dialled{Conn: e.Conn, Err: err})
		return
	}
	c := newConn(n, e.Conn, socket)
	if !n.add(c) {
		socket.Close()
		return
	}
	n.post(core.Dialled{Conn: e.Conn})
	n.work.Go(c.readDialled)
}

// earlyMax is how many connections may be there that have not said hello. One more
// ends the oldest of them: who means it says hello at once, and silence does not
// keep others out.
const earlyMax = 256

func (n *Node) accept() {
	for {
		socket, err := n.listener.Accept()
		if err != nil {
			if n.stop.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			n.strange.Warn().Err(err).Msg("cannot accept a connection")
			select { // out of file descriptors, say
			case <-time.After(50 * time.Millisecond):
			case <-n.stop.Done():
				return
			}
			continue
		}
		n.mu.Lock()
		n.count--
		id := n.count
		n.mu.Unlock()
		c := newConn(n, id, socket)
		if !n.add(c) {
			socket.Close()
			return
		}
		n.addEarly(c)
		n.work.Go(c.readAccepted)
	}
}

func (n *Node) addEarly(c *conn) {
	n.mu.Lock()
	var oldest *conn
	if n.early = append(n.early, c); len(n.early) > earlyMax {
		oldest = n.early[0]
		n.early = slices.Delete(n.early, 0, 1)
	}
	n.mu.Unlock()
	if oldest != nil {
		oldest.close(false)
	}
}

func (n *Node) removeEarly(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.early = slices.DeleteFunc(n.early, func(other *conn) bool { return other == c })
}

func (n *Node) add(c *conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.ended {
		n.conns[c.id] = c
	}
	return !n.ended
}

func (n *Node) conn(id core.ConnID) *conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.conns[id]
}

func (n *Node) remove(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c.id)
}
