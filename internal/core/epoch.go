package core

import (
	"maps"
	"slices"
	"time"

	"chandy/internal/channel"
	"chandy/internal/journal"
	"chandy/program"
	"chandy/snapshot"
)

// epoch is one history of the cluster at this node: everything that begins and ends
// with it. An epoch is the current one if and only if Core.epoch refers to it. The event
// Begin starts an epoch and ends the one before it. Hosts send one Begin, at their start;
// the tests send more.
type epoch struct {
	core    *Core
	number  uint64
	program program.Program
	process *process // the program's handle

	recorder *snapshot.Recorder
	peers    map[snapshot.ProcessID]*peer
	out      []*outgoing        // in the order of topology.Out
	lastTo   snapshot.ProcessID // the argument of outgoing when it last found a channel
	lastOut  *outgoing          // and that channel
	in       []*incoming        // in the order of topology.In
	freeList channel.FreeList
	timers   timers                  // all but those of the program
	journal  *journal.Ring           // nil if the node keeps none
	windows  map[snapshot.ID]*window // of snapshots that this process has recorded
	allUp    bool                    // set by checkAllUp, cleared when a channel goes down

	outboxBytes int // in all outboxes
	grown       int // bytes that were added since limitMemory looked last
	// dirtyOut and dirtyIn are the halves of channels on which something happened
	// since the last flush.
	dirtyOut []*outgoing
	dirtyIn  []*incoming

	delivery delivery
	handed   handed
	clients  clients

	base      snapshot.ID   // the saved snapshot from which the epoch began; empty for the initial state
	from      *Base         // this process's part of it; nil if it began with its initial state
	held      bool          // the program receives nothing
	heldBy    *stopHold     // as held, because a process stops; nil if none does
	started   bool          // the program has been started
	resumed   bool          // the program goes on from base, and does not begin with its initial state
	startedAt time.Duration // when the program was started
	// thenFirst is set while requests of the base wait for the restored messages.
	thenFirst bool

	pending       map[snapshot.ID]*pending // this process's parts that are not finished
	storing       map[snapshot.ID]*pending // those that are being written to the store
	sharing       bool                     // several snapshots share the last recording
	nextSave      *timer                   // see saveEvery
	expiry        *timer                   // the next deadline of a recording
	captureBegan  time.Duration            // when the program was last asked for its state
	assemblies    map[snapshot.ID]*assembling
	lastID        time.Time // in the last id that newID returned
	uplinks       map[snapshot.ProcessID]*uplink
	takeovers     int // connections of handler takeover
	warnedLonely  bool
	watchesLonely bool // a timer of watchLonely runs
}

// begin starts an epoch, in place of the current one if there is one.
func (c *Core) begin(b Begin) {
	old := c.epoch
	if old != nil {
		old.end()
		if old.program != nil {
			c.retire(old.program)
		}
	}
	e := newEpoch(c, b)
	c.epoch = e
	if e.number > 1 {
		e.logBegin(&c.log)
	}
	e.keepStats(old)
	if old != nil {
		e.clients.inherit(c, &old.clients, b.Base)
	}
	if b.Base != nil {
		e.resumed = true
		e.refill(b.Base)
	}
	for _, out := range e.out {
		out.start()
	}
	if !e.held {
		e.run()
	}
	c.admitWaiting()
	e.checkAllUp()
	e.saveEvery()
}

func newEpoch(c *Core, b Begin) *epoch {
	e := &epoch{
		core: c, number: b.Epoch, program: b.Program, base: b.Snapshot, from: b.Base, held: b.Held,
		peers:      map[snapshot.ProcessID]*peer{},
		clients:    clients{byID: map[snapshot.ProcessID]*client{}},
		pending:    map[snapshot.ID]*pending{},
		storing:    map[snapshot.ID]*pending{},
		assemblies: map[snapshot.ID]*assembling{},
		uplinks:    map[snapshot.ProcessID]*uplink{},
		windows:    map[snapshot.ID]*window{},
	}
	if n := c.Cluster.Snapshot.Journal; n > 0 {
		e.journal = journal.NewRing(n)
	}
	e.handed.on = c.agree != nil && c.agree.recovers
	e.process = &process{core: c, epoch: e}
	e.recorder = snapshot.NewRecorder(c.self, c.Incarnation, c.topology, channels{e}, c.Cluster.Snapshot.Limit)
	e.recorder.Admit = e.admitSnapshot
	for _, p := range c.Cluster.Processes {
		index, _ := slices.BinarySearch(c.topology.Processes, p.ID)
		e.peers[p.ID] = &peer{id: p.ID, address: p.Address, index: uint16(index)}
	}
	for _, node := range b.Listed {
		if p := e.peers[node.Process]; p != nil {
			p.Incarnation = node.Incarnation
		}
	}
	e.peers[c.self].Incarnation = c.Incarnation
	for _, to := range c.topology.Out(c.self) {
		out := &outgoing{epoch: e, peer: e.peers[to], sender: channel.Sender{Rule: c.rule(), FreeList: &e.freeList}}
		out.peer.outgoing, out.peer.Out = out, &out.sender
		e.out = append(e.out, out)
	}
	window := c.window()
	for _, from := range c.topology.In(c.self) {
		in := &incoming{epoch: e, peer: e.peers[from], receiver: channel.Receiver{
			Rule: c.rule(), Window: window, FreeList: &e.freeList,
		}}
		in.peer.incoming, in.peer.In = in, &in.receiver
		e.in = append(e.in, in)
	}
	return e
}

// end closes all connections of the epoch and makes the program's handle useless.
// Snapshots that are assembled here end as partial. Clients that wait for the program keep
// waiting: the next epoch decides what became of their requests.
func (e *epoch) end() {
	c := e.core
	for _, id := range slices.Sorted(maps.Keys(e.assemblies)) {
		e.finishSnapshot(e.assemblies[id])
	}
	e.process.epoch = nil
	c.epoch = nil
	for _, id := range slices.Sorted(maps.Keys(c.conns)) {
		if one := c.conns[id]; one != nil {
			switch one.handler.(type) {
			case *session, *agreeLink, *agreeAnswer: // of the node
			default:
				c.hangUp(id, false, errEpochEnded)
			}
		}
	}
}

// keepStats takes the counters of the links from the epoch before: they never go back.
func (e *epoch) keepStats(old *epoch) {
	for i, out := range e.out {
		if old != nil {
			out.stats, out.resent = old.out[i].stats, old.out[i].resent
		}
		out.stats.since = e.core.now
	}
	for i, in := range e.in {
		if old != nil {
			in.stats, in.stale = old.in[i].stats, old.in[i].stale
		}
		in.stats.since = e.core.now
	}
}

// guard returns a function that calls f if the epoch is still the current one. Work that
// comes back to the loop later must come through it. The program's own calls come through
// process, which has the same check.
func (e *epoch) guard(f func()) func() {
	return func() {
		if e.core.epoch == e {
			f()
		}
	}
}

// step is the epoch's share of [Core.Step].
func (e *epoch) step() {
	e.timers.fire(e.core.now)
	e.deliver()
	e.answerUp()
	e.limitMemory()
	e.flush()
}

func (e *epoch) after(d time.Duration, f func()) *timer { return e.timers.add(e.core.now+d, f) }

// flush writes what the dirty halves of channels have to send.
func (e *epoch) flush() {
	for _, in := range e.dirtyIn {
		in.dirty = false
		in.acknowledge()
	}
	e.dirtyIn = e.dirtyIn[:0]
	// Flushing a self-channel delivers its frames here. That may make more channels dirty,
	// and its acknowledgement waits for the next step.
	for i := 0; i < len(e.dirtyOut); i++ {
		out := e.dirtyOut[i]
		out.dirty = false
		out.flush()
		out.accountOutbox()
	}
	e.dirtyOut = e.dirtyOut[:0]
}

// flushed reports whether every channel to another process that is up has delivered its
// outbox.
func (e *epoch) flushed() bool {
	return !slices.ContainsFunc(e.out, func(out *outgoing) bool {
		return out.up && !out.self() && out.sender.Waiting() > 0
	})
}

// logOutboxes logs the messages that remain in the outboxes when the node ends.
func (e *epoch) logOutboxes() {
	for _, out := range e.out {
		if n := out.sender.Waiting(); n > 0 {
			e.core.log.Warn().Str("channel", out.String()).Int("messages", n).Msg("left in the outbox")
		}
	}
}

// outgoing returns this node's half of the channel to a process, or nil if there is no
// such channel. Programs often send several messages in a row to one process. Without lastOut
// a message of 16 B takes a fifth more of processor time (chandy bench --only 'channel/16B$').
// It has lastTo because the string is mostly the same one, of which no bytes are compared.
func (e *epoch) outgoing(to snapshot.ProcessID) *outgoing {
	if to == e.lastTo {
		return e.lastOut
	}
	if p := e.peers[to]; p != nil && p.outgoing != nil {
		e.lastTo, e.lastOut = to, p.outgoing
		return p.outgoing
	}
	return nil
}

// incoming returns this node's half of the channel from a process, or nil if there is
// no such channel.
func (e *epoch) incoming(from snapshot.ProcessID) *incoming {
	if p := e.peers[from]; p != nil {
		return p.incoming
	}
	return nil
}

// checkAllUp notices when the last channel of this process has come up, and logs that once
// each time.
func (e *epoch) checkAllUp() {
	if e.allUp || slices.ContainsFunc(e.out, func(out *outgoing) bool { return !out.up }) ||
		slices.ContainsFunc(e.in, func(in *incoming) bool { return !in.up() }) {
		return
	}
	e.allUp, e.core.wasUp = true, true
	e.core.log.Info().Int("outgoing", len(e.out)).Int("incoming", len(e.in)).Msg("all channels up")
}
