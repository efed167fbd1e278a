package sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/bundled"
	"chandy/internal/config"
	"chandy/internal/core"
	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// node hosts a Core in the world.
type node struct {
	world    *world
	id       snapshot.ProcessID
	self     saved.Node
	core     *core.Core
	objects  *storetest.Objects
	born     time.Duration
	ends     map[core.ConnID]*end
	accepted core.ConnID   // last accepted connection; these count down from -1
	dialled  core.ConnID   // last dialled connection; these count up from 1
	events   []core.Event  // events since the last step
	planned  bool          // whether the next step is planned
	wake     time.Duration // time of the step that is planned for a timer, or 0
	stepped  time.Duration // time of the last step
	frozen   time.Duration // the node does nothing until this time
	down     bool
	err      error

	epoch     uint64 // last one that the node has adopted
	before    uint64 // epoch before the step
	doomed    bool   // the epoch is going to be rolled back, so the program is held
	seen      uint64 // highest epoch that the work in progress has read of in the store
	learned   uint64 // highest epoch that the node was told of by the store
	proposing bool   // the node has begun a restore or a recovery
	ambush    moment // when the node crashes in this step
	reached   string // where
	flying    bool   // the next operation on the store was on its way when the node crashed
}

// start starts a node. It replaces the earlier node of the same process, if any.
func (w *world) start(p config.Process) error {
	n := &node{world: w, id: p.ID, born: w.now, ends: map[core.ConnID]*end{}}
	first, err := n.program(p)
	if err != nil {
		return err
	}
	n.objects = w.store.Open(n.fault)
	random := rand.New(rand.NewPCG(w.random.Uint64(), w.random.Uint64()))
	n.self = saved.Node{Process: p.ID, Incarnation: snapshot.Incarnation(core.NewName(w.wall(), random))}
	n.core = core.New(core.Options{
		Cluster: w.cluster, ID: p.ID, Incarnation: n.self.Incarnation,
		Log: zerolog.New(logLines{n}), Rand: random, Wall: w.wall,
		Do:         func(f func()) { n.happened(core.Called{F: f}) },
		Store:      learning{store.New(n.objects, w.cluster.Name), n},
		NewProgram: func() (program.Program, error) { return n.program(p) },
		Agreement:  &core.Agreement{Options: w.options, Program: first},
	})
	n.core.Budget = 1 + w.random.IntN(64)
	w.nodes[p.ID] = n
	n.plan()
	return nil
}

// program returns a fresh instance of the program of the process.
func (n *node) program(p config.Process) (program.Program, error) {
	hosted, err := bundled.New(n.world.cluster, p)
	if err != nil {
		return nil, err
	}
	if n.world.longOdds > 0 {
		hosted = padded{hosted, n.world.longOdds}
	}
	if n.world.captureMax > 0 {
		hosted = slow{hosted, n, n.world.captureMax}
	}
	if n.world.lines != nil {
		hosted = &numbered{Program: hosted, node: n}
	}
	return hosted, nil
}

// logLines writes the log of a node into the trace, because logs must replay too.
type logLines struct{ n *node }

func (l logLines) Write(line []byte) (int, error) {
	l.n.world.tell("%s log %s", l.n.id, line)
	l.n.logged(line)
	return len(line), nil
}

// happened hands an event to the node.
func (n *node) happened(e core.Event) {
	if !n.down {
		n.events = append(n.events, e)
		n.plan()
	}
}

// stepTime is how long a step takes. Without it, a program that always has work would
// stop the virtual clock.
const stepTime = time.Microsecond

// plan plans the next step, unless it is planned already. Events until then form one
// batch.
func (n *node) plan() {
	if !n.planned {
		n.planned = true
		n.world.at(max(n.world.now, n.stepped+stepTime, n.frozen), n.step)
	}
}

func (n *node) step() {
	n.planned = false
	switch {
	case n.down:
		return
	case n.world.now < n.frozen: // it froze after this step was planned
		n.plan()
		return
	}
	n.stepped = n.world.now
	events := n.events
	n.events, n.before = nil, n.epoch
	effects := n.core.Step(n.now(), events)
	if n.ambush == before {
		n.world.crashAt(n, "before "+n.reached)
		return
	}
	for _, e := range effects {
		n.carryOut(e)
	}
	if n.ambush == after {
		n.ambush = never
		n.world.after(2*n.world.latency(), func() { n.world.crashAt(n, "after "+n.reached) })
	}
	if n.down {
		return
	}
	if n.core.More() {
		n.plan()
		return
	}
	at, ok := n.core.Next()
	if at += n.born; ok && (n.wake <= n.world.now || at < n.wake) {
		n.wake = at
		n.world.at(max(at, n.world.now), func() {
			if n.wake == at {
				n.wake = 0
			}
			n.plan()
		})
	}
}

// now returns the time since the node has started, which is its clock.
func (n *node) now() time.Duration { return n.world.now - n.born }

func (n *node) carryOut(e core.Effect) {
	w := n.world
	switch e := e.(type) {
	case core.Dial:
		n.dialled = e.Conn
		w.tell("%s dials %s", n.id, e.Address)
		w.after(w.latency(), func() { n.connect(e) })
	case core.Write:
		for _, f := range e.Frames {
			w.tell("%s writes on %d: %s", n.id, e.Conn, f)
		}
		if one := n.ends[e.Conn]; one != nil {
			one.write(e.Frames, e.Ahead)
		}
	case core.Accept:
		n.checkAccepted(e.Conn)
	case core.Close:
		w.tell("%s closes %d", n.id, e.Conn)
		if one := n.ends[e.Conn]; one != nil {
			one.close(nil)
		}
	case core.Background:
		n.background(e)
	case core.Stream:
		err := e.Replies(func(r wire.Reply) error {
			one := n.ends[e.Conn]
			if one == nil {
				return errReset
			}
			if len(r.Body) > 0 {
				one.write([]wire.Frame{r}, false)
			}
			return nil
		})
		w.after(w.latency(), func() { n.happened(core.Called{F: func() { e.Then(err) }}) })
	case core.Exit:
		n.ended(e.Err)
	}
}

// background does work at a time of its own. The result comes later still. A slow store
// makes both take longer.
func (n *node) background(e core.Background) {
	w := n.world
	w.after(w.latency()+w.slowness(), func() {
		used := n.objects.Operations()
		n.seen = 0
		result, seen := e.Work(), n.seen
		late := w.latency()
		if n.objects.Operations() > used {
			late += w.slowness()
		}
		w.after(late, func() {
			n.happened(core.Called{F: func() {
				e.Then(result)
				n.learned = max(n.learned, seen)
			}})
		})
	})
}

// crash ends the node at once: its connections break. One operation on the store may be on
// its way, and is still done.
func (n *node) crash() {
	n.down, n.flying = true, n.world.random.IntN(2) == 0
	for id := n.accepted; id < 0; id++ {
		n.breakEnd(id)
	}
	for id := core.ConnID(1); id <= n.dialled; id++ {
		n.breakEnd(id)
	}
}

func (n *node) breakEnd(id core.ConnID) {
	if one := n.ends[id]; one != nil {
		one.cut()
	}
}

func (n *node) connect(e core.Dial) {
	if n.down {
		return
	}
	var to *node
	for _, p := range n.world.cluster.Processes {
		if p.Address == e.Address {
			to = n.world.nodes[p.ID]
		}
	}
	if to == nil || to.down {
		n.happened(core.Dialled{Conn: e.Conn, Err: fmt.Errorf("dial %s: connection refused", e.Address)})
		return
	}
	if at := n.world.healed(n.id, to.id); at > n.world.now {
		n.world.at(at, func() { n.connect(e) }) // TCP retransmits the SYN
		return
	}
	n.ends[e.Conn] = to.accept(n.id, func(f wire.Frame) {
		n.happened(core.Arrived{Conn: e.Conn, Frames: []wire.Frame{f}})
	}, func(err error) {
		delete(n.ends, e.Conn)
		n.happened(core.Closed{Conn: e.Conn, Err: err})
	})
	n.happened(core.Dialled{Conn: e.Conn})
}

// accept makes a connection to this node and returns the remote end.
func (n *node) accept(remote snapshot.ProcessID, arrive func(wire.Frame), closed func(error)) *end {
	n.accepted--
	id := n.accepted
	there, here := newConnection(n.world, remote, n.id)
	there.arrive, there.closed = arrive, closed
	greeted := false
	here.arrive = func(f wire.Frame) {
		if hello, ok := f.(wire.Hello); ok && !greeted {
			greeted, here.hello = true, hello
			n.happened(core.Accepted{Conn: id, Remote: string(remote), Hello: hello})
			return
		}
		n.happened(core.Arrived{Conn: id, Frames: []wire.Frame{f}})
	}
	here.closed = func(err error) {
		delete(n.ends, id)
		n.happened(core.Closed{Conn: id, Err: err})
	}
	n.ends[id] = here
	return there
}

// askNow asks a node something that it can answer at once, and returns the replies.
func (n *node) askNow(request wire.Control) (replies []wire.Reply) {
	const conn = core.ConnID(-1 << 40)
	body, err := wire.EncodeControl(request)
	if err != nil {
		panic("bug: " + err.Error())
	}
	hello := wire.Hello{Role: wire.RoleControl, VersionMin: wire.Version, VersionMax: wire.Version, Cluster: n.world.cluster.Name, To: n.id}
	for _, e := range n.core.Step(n.now(), []core.Event{
		core.Accepted{Conn: conn, Hello: hello},
		core.Arrived{Conn: conn, Frames: []wire.Frame{wire.Request{Number: 1, Body: body}}},
		core.Closed{Conn: conn},
	}) {
		w, ok := e.(core.Write)
		if !ok || w.Conn != conn {
			n.carryOut(e)
			continue
		}
		for _, f := range w.Frames {
			if r, ok := f.(wire.Reply); ok {
				r.Body = bytes.Clone(r.Body)
				replies = append(replies, r)
			}
		}
	}
	n.plan()
	return replies
}
