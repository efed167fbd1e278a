package core

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// mover sends one of what it has to the next process, again and again. Its state is what it
// has. All processes together, and the channels, have moverHas for each process.
type mover struct {
	process program.Process
	has     int
	later   func(func()) // calls it later
}

const moverHas = 100

func (p *mover) Start(process program.Process) {
	p.process = process
	p.move()
}

func (p *mover) move() {
	if to := p.process.Channels(); p.has > 0 {
		p.process.Send(to[p.has%len(to)], []byte("1"))
		p.has--
	}
	p.process.After(50*time.Millisecond, p.move)
}

func (p *mover) Receive(from snapshot.ProcessID, _ []byte) {
	if from.IsClient() {
		p.process.Send(from, []byte(strconv.Itoa(p.has)))
		return
	}
	p.has++
}

func (p *mover) Capture(done func(program.State)) {
	state := program.State{Bytes: []byte(strconv.Itoa(p.has))}
	p.process.After(0, func() {}) // a capture takes time: the program goes on when it is over
	p.process.Do(func() { done(state) })
}

func (p *mover) Restore(state []byte, done func(error)) {
	n, err := strconv.Atoi(string(state))
	p.has = n
	p.later(func() { done(err) })
}

// chaos is what happens to a restorable cluster at random.
type chaos struct {
	*restorable
	random  *rand.Rand
	later   []planned
	planned int
	free    map[side]time.Duration // when the last frame of a connection comes
	crashes bool
	options agreement.Options
	newest  map[snapshot.ProcessID]uint64 // epochs in which the nodes were last
}

type planned struct {
	at    time.Duration
	order int
	f     func()
}

// plan lets f happen later.
func (h *chaos) plan(after time.Duration, f func()) {
	h.planned++
	h.later = append(h.later, planned{h.now + after, h.planned, f})
	slices.SortFunc(h.later, func(a, b planned) int { return cmp.Or(cmp.Compare(a.at, b.at), a.order-b.order) })
}

// run lets time pass.
func (h *chaos) run(d time.Duration) {
	for until := h.now + d; ; {
		h.restorable.run(0)
		h.check()
		if len(h.later) > 0 && h.later[0].at <= h.now {
			f := h.later[0].f
			h.later = h.later[1:]
			f()
			continue
		}
		next := h.next(until)
		if len(h.later) > 0 {
			next = min(next, h.later[0].at)
		}
		if next == h.now {
			return
		}
		h.now = next
	}
}

func (h *chaos) afterAWhile(f func()) { h.plan(h.upTo(300*time.Millisecond), f) }

func (h *chaos) upTo(d time.Duration) time.Duration { return time.Duration(h.random.Int64N(int64(d))) }

// hosted carries out an effect late. It reports whether it did.
func (h *chaos) hosted(at snapshot.ProcessID, e Effect) bool {
	c := h.cores[at]
	happens := func(e Event) {
		if h.cores[at] == c {
			h.happened(at, e)
		}
	}
	switch e := e.(type) {
	case Background:
		before := h.random.IntN(2) == 0
		var result any
		if before {
			result = e.Work()
		}
		h.plan(h.upTo(100*time.Millisecond), func() {
			if !before { // also what a dead node has begun
				result = e.Work()
			}
			happens(Called{func() { e.Then(result) }})
		})
		return true
	case Close:
		if other, ok := h.there[side{at, e.Conn}]; ok {
			there := h.cores[other.at]
			h.plan(max(0, h.free[other]-h.now), func() {
				if h.cores[other.at] == there {
					h.happened(other.at, Closed{Conn: other.conn})
				}
			})
		}
		return true
	case Write:
		other, ok := h.there[side{at, e.Conn}]
		if !ok {
			return false
		}
		there := h.cores[other.at]
		for _, f := range e.Frames {
			f = copied(f)
			came := max(h.free[other], h.now+h.upTo(20*time.Millisecond))
			h.free[other] = came
			h.plan(came-h.now, func() {
				if h.cores[other.at] != there {
					return
				}
				if hello, is := f.(wire.Hello); is {
					h.happened(other.at, Accepted{Conn: other.conn, Hello: hello})
				} else {
					h.happened(other.at, Arrived{other.conn, []wire.Frame{f}})
				}
			})
		}
		return true
	}
	return false
}

// copied returns a copy of a frame whose memory does not belong to a core.
func copied(f wire.Frame) wire.Frame {
	b := wire.Append(nil, f)
	one, err := wire.Decode(f.Type(), b[wire.HeaderSize:])
	if err != nil {
		panic(err)
	}
	return one
}

// check checks what must hold when a process goes to another epoch.
func (h *chaos) check() {
	for _, id := range h.config.IDs() {
		c := h.cores[id]
		n := c.epochNumber()
		if n == h.newest[id] {
			continue
		}
		r := mustRead(h.restorable)
		if n > r.Epoch() || n < h.newest[id] {
			h.t.Fatalf("at %v %s is in epoch %d after %d, and the store in %d", h.now, id, n, h.newest[id], r.Epoch())
		}
		h.newest[id] = n
		if e := c.epoch; e != nil && n == r.Epoch() && e.base != r.Base() {
			h.t.Fatalf("at %v %s has the base %q in epoch %d, want %q", h.now, id, e.base, n, r.Base())
		}
	}
}

func newChaos(t *testing.T, seed uint64) *chaos {
	h := &chaos{random: rand.New(rand.NewPCG(seed, 0)), free: map[side]time.Duration{}, newest: map[snapshot.ProcessID]uint64{}}
	h.restorable = emptyRestorable(t, 3)
	h.hook, h.crashes = h.hosted, seed%3 > 0
	h.options.Recover = seed%3 == 2
	h.program = func() program.Program { return &mover{has: moverHas, later: h.afterAWhile} }
	h.faults = func(o storetest.Operation) *storetest.Fault {
		if h.crashes && h.random.IntN(50) == 0 {
			return &storetest.Fault{Moment: []storetest.Moment{storetest.Before, storetest.After}[h.random.IntN(2)], Err: errors.New("out of order")}
		}
		return nil
	}
	for _, id := range h.config.IDs() {
		h.start(id, h.options)
	}
	return h
}

// request sends a request to a node and does not wait.
func (h *chaos) request(at snapshot.ProcessID, r wire.Control) {
	body, err := wire.EncodeControl(r)
	if err != nil {
		h.t.Fatal(err)
	}
	h.last--
	h.happened(at, Accepted{Conn: h.last, Hello: wire.Hello{
		VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleControl, Cluster: "t", To: at,
	}})
	h.happened(at, Arrived{h.last, []wire.Frame{wire.Request{Number: 1, Body: body}}})
}

// act does something at random.
func (h *chaos) act() {
	ids := h.config.IDs()
	at := ids[h.random.IntN(len(ids))]
	switch n := h.random.IntN(10); {
	case h.down[at]:
	case n < 3:
		h.request(at, wire.InitiateRequest{Save: true, Light: true, TimeoutMS: 3000})
	case n < 7:
		entries, err := h.store().List()
		if err != nil || len(entries) == 0 {
			return
		}
		one := entries[h.random.IntN(len(entries))]
		if one.State != store.Saved {
			return
		}
		h.request(at, wire.RestoreRequest{
			Snapshot: one.ID, Manifest: one.SHA256, Hold: h.random.IntN(4) == 0, DryRun: h.random.IntN(4) == 0, TimeoutMS: 100 + h.random.Int64N(4000),
		})
	case n < 8:
		h.request(at, wire.ResumeRequest{})
	case h.crashes:
		h.crash(at)
		h.plan(h.upTo(2*time.Second), func() {
			h.newest[at] = 0
			h.start(at, h.options)
		})
	}
}

var restoreSeeds = flag.Uint64("restores", 12, "how many seeds TestRestoresAtAnyMomentConverge runs")

// TestRestoresAtAnyMomentConverge restores and saves at random moments. Two thirds of the
// seeds also have nodes that crash and a store that fails now and then, half of them with
// recovery. At the end all run in the newest epoch. They have together what they had at the
// beginning, unless a process has begun anew in the middle of an epoch.
func TestRestoresAtAnyMomentConverge(t *testing.T) {
	restores := 0
	for seed := range *restoreSeeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			h := newChaos(t, seed)
			for range 20 {
				h.run(h.upTo(time.Second))
				h.act()
			}
			h.crashes = false
			h.run(20 * time.Second)
			if h.anyHeld() {
				h.request("p1", wire.ResumeRequest{})
			}
			h.run(40 * time.Second)
			r := mustRead(h.restorable)
			restores += int(r.Decided) - 1
			if h.options.Recover && r.Decided > 2 {
				t.Logf("%d decisions, the last commit is of kind %q", r.Decided-1, r.Commit.Kind)
			}
			sum := 0
			for _, id := range h.config.IDs() {
				c := h.cores[id]
				h.expect(string(id)+": the epoch", c.epochNumber(), r.Epoch())
				if e := c.epoch; !e.allUp || e.held || !e.started || c.agree.loading != nil || c.agree.order != nil || len(c.agree.links) > 0 {
					t.Errorf("%s: got all up %v, held %v, started %v, an instance %v, an order %v, links %d", id, e.allUp, e.held, e.started, c.agree.loading, c.agree.order, len(c.agree.links))
				}
				sum += c.epoch.program.(*mover).has
				for _, in := range c.epoch.in {
					sum += in.receiver.Waiting()
				}
				for _, out := range c.epoch.out {
					sum += int(out.sender.Sent() - h.cores[out.peer.id].epoch.incoming(id).receiver.Arrived())
				}
			}
			if want := 3 * moverHas; seed%3 != 1 && sum != want {
				t.Errorf("got %d in all, want %d", sum, want)
			}
		})
	}
	if restores < int(*restoreSeeds) {
		t.Errorf("got %d decisions, want at least %d", restores, *restoreSeeds)
	}
}

// anyHeld reports whether the store holds the newest epoch.
func (h *chaos) anyHeld() bool {
	r := mustRead(h.restorable)
	return r.Commit != nil && r.Commit.Verdict == saved.Commit && r.Commit.Held && !r.Run
}
