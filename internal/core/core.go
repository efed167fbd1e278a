package core

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/channel"
	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// Options are what a Core is made of. All are required.
type Options struct {
	Cluster     *config.Cluster
	ID          snapshot.ProcessID
	Incarnation snapshot.Incarnation
	Program     program.Program
	Log         zerolog.Logger
	Rand        *rand.Rand
	Wall        func() time.Time // for snapshot ids and started_at only
	PID         int              // of the node, for its status
	Do          func(func())     // how Process.Do reaches the loop: as an event Called
}

// Core is a node but for its sockets, its clock and its goroutines: a pure step,
// event in, effects out, with the recorder, the halves of the channels and the
// program inside. One goroutine owns it.
//
// A host calls Step with what happened, then does what Step returned, and calls
// it again when something happened, when Next has come, or at once if More.
type Core struct {
	Options
	// Budget is how many messages the program receives in one Step, at most.
	Budget int

	self     snapshot.ProcessID
	topology *snapshot.Topology
	// initiators are those of a snapshot that is to reach every process from here.
	initiators func() []snapshot.ProcessID
	hash       [32]byte // of the cluster
	recorder   *snapshot.Recorder
	peers      map[snapshot.ProcessID]*peer
	out        []*outgoing // as topology.Out
	in         []*incoming // as topology.In
	log        zerolog.Logger

	outboxes int // bytes in all of them
	spares   channel.Spares
	// What has changed since the last flush:
	touchedOut []*outgoing
	touchedIn  []*incoming

	now      time.Duration
	effects  []Effect
	frames   []wire.Frame // of the effects
	timers   timers       // of the node
	conns    map[ConnID]*connected
	looked   time.Duration
	lastConn ConnID
	// allUp is kept by checkAllUp; awaitingUp are told when it becomes true.
	allUp      bool
	awaitingUp []waiter
	sessions   int
	refused    map[snapshot.ProcessID]string // the code last told to a process, so that the log has it once

	delivery
	reporting
	assembly
	started  bool
	stopping bool
	exited   bool
}

// connected is a connection that there is, or that is dialled.
type connected struct {
	use   connection // nil after unuse: who holds the record looks it up again
	pulse *pulse     // nil: it has not been greeted
}

// connection is what a connection is used for.
type connection interface {
	// frame takes a frame; an error is a violation of the protocol, which ends the
	// connection.
	frame(wire.Frame) error
	// closed tells that the connection has ended. It is no longer in Core.conns.
	closed(err error)
	String() string
}

// New makes the Core of one process. Its first Step starts it.
func New(o Options) *Core {
	c := &Core{
		Options:  o,
		self:     o.ID,
		Budget:   256,
		topology: snapshot.NewTopology(o.Cluster.IDs(), o.Cluster.Channels()),
		hash:     o.Cluster.Hash(),
		peers:    map[snapshot.ProcessID]*peer{},
		conns:    map[ConnID]*connected{},
		refused:  map[snapshot.ProcessID]string{},
		log:      o.Log.With().Str("process", string(o.ID)).Logger(),
	}
	c.initiators = sync.OnceValue(func() []snapshot.ProcessID { return c.topology.Initiators(c.self) })
	c.recorder = snapshot.NewRecorder(o.ID, o.Incarnation, c.topology, c, o.Cluster.Snapshot.Limit)
	for _, p := range o.Cluster.Processes {
		c.peers[p.ID] = &peer{id: p.ID, address: p.Address}
	}
	c.peers[o.ID].Incarnation = o.Incarnation
	for _, to := range c.topology.Out(o.ID) {
		out := &outgoing{core: c, peer: c.peers[to], sender: channel.Sender{Rule: c.rule(), Spares: &c.spares}}
		out.peer.out, out.peer.Out = out, &out.sender
		c.out = append(c.out, out)
	}
	for _, from := range c.topology.In(o.ID) {
		in := &incoming{core: c, peer: c.peers[from], receiver: channel.Receiver{
			Rule: c.rule(), Window: int(o.Cluster.Network.Window), Spares: &c.spares,
		}}
		in.peer.in, in.peer.In = in, &in.receiver
		c.in = append(c.in, in)
	}
	c.reporting.parts = map[snapshot.ID]*part{}
	c.assembly.init()
	c.delivery.clients = map[snapshot.ProcessID]*client{}
	return c
}

// rule is how markers travel in this cluster.
func (c *Core) rule() channel.Rule {
	if c.Cluster.Snapshot.Markers == "ahead" {
		return channel.Ahead
	}
	return channel.InOrder
}

func (c *Core) start() {
	for _, out := range c.out {
		out.start()
	}
	c.looked = c.now
	c.look()
	c.Program.Start(c)
	c.checkAllUp()
}

// Step takes what has happened by now, a monotonic time, and returns what must be
// done. The effects are valid until the next Step.
func (c *Core) Step(now time.Duration, events []Event) []Effect {
	c.now = now
	clear(c.effects)
	clear(c.frames)
	c.effects, c.frames = c.effects[:0], c.frames[:0]
	if !c.started { // before everything else: who is accepted is dialled too
		c.started = true
		c.start()
	}
	for _, e := range events {
		c.event(e)
	}
	c.timers.fire(now)
	c.deliver()
	c.flush()
	return c.effects
}

// Next is when Step has to be called again although nothing happened.
func (c *Core) Next() (at time.Duration, ok bool) {
	at, ok = c.timers.next()
	if p, more := c.delivery.timers.next(); more && c.mayBegin() && (!ok || p < at) {
		at, ok = p, true
	}
	return at, ok
}

// More tells that Step has more to do at once: the budget ran out before everything
// was received, or a timer is due that was set meanwhile.
func (c *Core) More() bool {
	at, ok := c.Next()
	return c.undelivered() || ok && at <= c.now
}

// Spent tells that the last Step used its budget up.
func (c *Core) Spent() bool { return c.delivery.spent }

func (c *Core) event(e Event) {
	switch e := e.(type) {
	case Dialled:
		one := c.conns[e.Conn]
		switch {
		case e.Err != nil:
			c.drop(e.Conn, e.Err)
		case one == nil: // given up meanwhile
			c.do(Close{e.Conn, false})
		default:
			one.use.(dialling).dialled()
		}
	case Accepted:
		c.accepted(e)
	case Arrived:
		c.arrived(e)
	case Closed:
		c.drop(e.Conn, e.Err)
	case Called:
		e.F()
	case Stopping:
		c.stop()
	}
}

func (c *Core) arrived(e Arrived) {
	one := c.conns[e.Conn]
	for _, f := range e.Frames {
		if one != nil && one.use == nil { // a frame before this one ended its use
			one = c.conns[e.Conn]
		}
		if one == nil {
			return // closed by us; what was on its way is dropped
		}
		use := one.use
		if _, deciding := use.(*takeover); !deciding && c.heard(e.Conn, one, f) {
			continue
		}
		if err := use.frame(f); err != nil {
			c.violation(e.Conn, use, err)
			return
		}
	}
}

// violation ends a connection whose peer broke the protocol.
func (c *Core) violation(id ConnID, conn connection, err error) {
	c.log.Warn().Err(err).Str("connection", conn.String()).Msg("protocol violation, connection closed")
	c.write(id, wire.Refuse{Code: wire.ProtocolViolation, Text: err.Error()})
	c.hangUp(id, true, fmt.Errorf("%w: %w", wire.ErrViolation, err))
}

// drop forgets a connection that has ended and tells whoever used it.
func (c *Core) drop(id ConnID, err error) {
	if use := c.unuse(id); use != nil {
		use.closed(err)
	}
}

// use tells what a connection is used for.
func (c *Core) use(id ConnID, use connection) {
	if c.conns[id] != nil {
		panic("bug: a connection with two uses")
	}
	c.conns[id] = &connected{use: use}
}

// unuse forgets it, and gives what it was used for.
func (c *Core) unuse(id ConnID) (use connection) {
	if one := c.conns[id]; one != nil {
		use, one.use = one.use, nil
		delete(c.conns, id)
	}
	return use
}

// hangUp ends a connection from this side.
func (c *Core) hangUp(id ConnID, flush bool, err error) {
	if _, ok := c.conns[id]; ok {
		c.do(Close{id, flush})
		c.drop(id, err)
	}
}

func (c *Core) do(e Effect) { c.effects = append(c.effects, e) }

// write writes frames on a connection, together with those just before them.
func (c *Core) write(id ConnID, frames ...wire.Frame) {
	begin := len(c.frames)
	if last := len(c.effects) - 1; last >= 0 {
		if before, ok := c.effects[last].(Write); ok && before.Conn == id && !before.Ahead {
			begin -= len(before.Frames)
			c.effects = c.effects[:last]
		}
	}
	c.frames = append(c.frames, frames...)
	c.do(Write{Conn: id, Frames: c.frames[begin:]})
}

func (c *Core) after(d time.Duration, f func()) *timer { return c.timers.add(c.now+d, f) }

// greeted tells that a connection is now used for what it was opened for.
func (c *Core) greeted(id ConnID) { c.conns[id].pulse = &pulse{heard: c.now} }

// dialNew begins a connection to a node.
func (c *Core) dialNew(address string, conn connection) ConnID {
	c.lastConn++
	c.use(c.lastConn, conn)
	c.do(Dial{c.lastConn, address})
	return c.lastConn
}

// flush writes what the channels have to say, at the end of every step: those on
// which something happened.
func (c *Core) flush() {
	for _, in := range c.touchedIn {
		in.touched = false
		in.acknowledge()
	}
	c.touchedIn = c.touchedIn[:0]
	for i := 0; i < len(c.touchedOut); i++ { // a channel to itself may touch others
		out := c.touchedOut[i]
		out.touched = false
		out.flush()
		out.weigh()
	}
	c.touchedOut = c.touchedOut[:0]
	if c.stopping {
		c.finish()
	}
}

func (c *Core) outgoing(to snapshot.ProcessID) *outgoing {
	if p := c.peers[to]; p != nil {
		return p.out
	}
	return nil
}

func (c *Core) incoming(from snapshot.ProcessID) *incoming {
	if p := c.peers[from]; p != nil {
		return p.in
	}
	return nil
}
