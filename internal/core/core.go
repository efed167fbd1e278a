package core

import (
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

// Options is what New needs. All fields but the last four are required.
type Options struct {
	Cluster     *config.Cluster
	ID          snapshot.ProcessID
	Incarnation snapshot.Incarnation
	Log         zerolog.Logger
	Rand        *rand.Rand
	Wall        func() time.Time // wall clock, for snapshot ids, started_at and certificates only
	PID         int              // operating-system process of the node, for its status
	// Do brings a function to the loop as an event Called, from any goroutine.
	Do func(func())
	// CertificateEnds returns when the certificate of the node ends. It is nil without TLS.
	CertificateEnds func() time.Time
	// Store is where snapshots are saved. Nil means that there is no store.
	Store Store
	// NewProgram makes a fresh instance of the program, for a restore. Nil means that the
	// program cannot be restored.
	NewProgram func() (program.Program, error)
	// Agreement lets the node go to other epochs. It needs Store. Nil means that the node stays
	// in the epoch of its Begin.
	Agreement *Agreement
}

// Core is one node. It is not safe for concurrent use.
//
// The host calls Step with what happened, carries out the effects, and calls Step
// again when something else has happened, when the time that Next returns has come, or
// at once if More returns true.
type Core struct {
	Options
	// Budget is about how many calls of the program one Step makes: timers, requests of
	// clients and messages. Requests and messages get one call each even beyond it.
	Budget int

	self     snapshot.ProcessID
	topology *snapshot.Topology
	// initiators returns the initiators of a snapshot that starts at this process and
	// must reach every other one.
	initiators func() []snapshot.ProcessID
	follow     func() int // Topology.Follow of this process
	hash       [32]byte   // of the cluster's configuration
	log        zerolog.Logger

	epoch *epoch    // nil before the first Begin
	agree *agreeing // nil without Options.Agreement
	early []*waitingHello

	now      time.Duration
	wasUp    bool // all channels have been up
	effects  []Effect
	frames   []wire.Frame // backing array of the Write effects
	timers   timers       // of connections and sessions; an epoch has its own
	conns    map[ConnID]*connState
	lastConn ConnID
	checked  time.Duration // when keepAlive ran last

	sessions   int              // of clients, open
	sessionsOf map[Identity]int // how many of them have each certificate
	unparsed   int              // bytes of requests that wait to be parsed off the loop
	results    map[*result]bool
	awaitingUp []waiter
	warned     map[string]bool // see warns

	saves    saves
	doubts   int           // see doubtTaken
	busy     snapshot.ID   // the snapshot that others were seen to save last
	busyFrom time.Duration // when it was first seen

	planned  *plannedStop // nil until the node is asked to stop
	stopping bool
	ended    bool // the program has ended, and the node waits until the store has its last word
	exited   bool
}

// New returns the Core of one process. It runs no program until it receives Begin.
func New(o Options) *Core {
	c := &Core{
		Options:    o,
		self:       o.ID,
		Budget:     256,
		topology:   snapshot.NewTopology(o.Cluster.IDs(), o.Cluster.Channels()),
		hash:       o.Cluster.Hash(),
		conns:      map[ConnID]*connState{},
		results:    map[*result]bool{},
		warned:     map[string]bool{},
		sessionsOf: map[Identity]int{},
		log:        o.Log.With().Str("process", string(o.ID)).Logger(),
	}
	c.follow = sync.OnceValue(func() int { return c.topology.Follow(c.self) })
	c.initiators = sync.OnceValue(func() []snapshot.ProcessID { return c.topology.Initiators(c.self) })
	c.after(keepAliveEvery, c.keepAlive)
	if o.Agreement != nil {
		c.agree = newAgreeing(c, o.Agreement)
		c.after(firstEpochWait, c.admitWaiting)
	}
	return c
}

// rule returns how markers travel in this cluster.
func (c *Core) rule() channel.Rule {
	if c.Cluster.Snapshot.Markers == "ahead" {
		return channel.Ahead
	}
	return channel.InOrder
}

// Step takes the events that happened before now and returns what the host must do, in
// order. now is on a monotonic clock. The effects are valid until the next Step.
func (c *Core) Step(now time.Duration, events []Event) []Effect {
	c.now = now
	clear(c.effects)
	clear(c.frames)
	c.effects, c.frames = c.effects[:0], c.frames[:0]
	for _, e := range events {
		c.event(e)
	}
	c.timers.fire(now)
	if c.epoch != nil {
		c.epoch.step()
	}
	if c.stopping {
		c.finish()
	}
	return c.effects
}

// Next returns when Step must be called even if nothing happens before.
func (c *Core) Next() (at time.Duration, ok bool) {
	at, ok = c.timers.next()
	if c.epoch != nil {
		at, ok = earlier(at, ok, &c.epoch.timers)
		if c.epoch.acceptsNewWork() { // otherwise the program's timers wait
			at, ok = earlier(at, ok, &c.epoch.delivery.timers)
		}
	}
	return at, ok
}

// earlier returns the earlier of a time, if ok, and the next time of t, if it has one.
func earlier(at time.Duration, ok bool, t *timers) (time.Duration, bool) {
	if other, is := t.next(); is && (!ok || other < at) {
		return other, true
	}
	return at, ok
}

// More reports whether Step must be called again at once, because the program can still
// receive something or a timer is due.
func (c *Core) More() bool {
	at, ok := c.Next()
	return c.epoch != nil && c.epoch.undelivered() || ok && at <= c.now
}

// Spent reports whether the last Step used up its budget.
func (c *Core) Spent() bool { return c.epoch != nil && c.epoch.delivery.spent }

func (c *Core) event(e Event) {
	switch e := e.(type) {
	case Begin:
		c.begin(e)
	case Dialled:
		c.dialled(e)
	case Accepted:
		c.accepted(e)
	case Arrived:
		c.arrived(e)
	case Bytes:
		c.bytes(e)
	case Closed:
		c.drop(e.Conn, e.Err)
	case Called:
		e.F()
	case Stopping:
		c.stop(e.AtOnce)
	}
}

func (c *Core) emit(e Effect) { c.effects = append(c.effects, e) }

func (c *Core) after(d time.Duration, f func()) *timer { return c.timers.add(c.now+d, f) }

// StopTimeout is how long a node that stops waits for the acknowledgement of its outboxes.
const StopTimeout = time.Second

// end ends the node once every channel to another process that is up has delivered its
// outbox, or after StopTimeout. The program receives nothing more.
func (c *Core) end() {
	c.stopping = true
	if c.agree != nil {
		c.agree.stop()
	}
	c.after(StopTimeout, func() { c.exit(nil) })
}

// finish ends a stopping node as soon as it has nothing more to flush.
func (c *Core) finish() {
	if !c.ended && (c.epoch == nil || c.epoch.flushed()) {
		c.exit(nil)
	}
}

// exit ends the node, and logs what its outboxes still hold.
func (c *Core) exit(err error) {
	if c.exited {
		return
	}
	c.exited, c.stopping = true, true
	if c.epoch != nil {
		c.epoch.logOutboxes()
	}
	c.emit(Exit{err})
}
