package core

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

const silentClients = 16 // the default of limit in [snapshot]

// Clients that ask for a snapshot of an hour and leave must block nobody, even if a
// program never returns its state. When they have left, no process holds a recording, a
// timer or a connection for them.
func TestSnapshotsOfClientsThatLeft(t *testing.T) {
	for _, silent := range []snapshot.ProcessID{"p1", "p2"} {
		p := newPair(t, silent)
		before := p.holdings()
		for i := range silentClients {
			p.client("p1", ConnID(-100-i))
			if got := p.initiate("p1", ConnID(-100-i), time.Hour); len(got) > 0 {
				t.Fatalf("silent %s, client %d: got %v, want no reply yet", silent, i, got)
			}
		}
		p.run(time.Second)
		for _, at := range []snapshot.ProcessID{"p1", "p2"} {
			if got := len(p.cores[at].epoch.recorder.InProgress()); at == silent && got != silentClients {
				t.Fatalf("recordings of %s: got %d, want %d", silent, got, silentClients)
			}
		}
		for i := range silentClients {
			p.happened("p1", Closed{Conn: ConnID(-100 - i)})
		}
		p.run(100 * time.Millisecond)
		for at, c := range p.cores {
			held := c.Holdings()
			for _, what := range []string{"recordings", "assemblies", "parts", "shipments", "sections"} {
				if held[what] > 0 {
					t.Errorf("silent %s, %s after all clients left: got holdings %v, want no %s", silent, at, held, what)
				}
			}
			if c.epoch.expiry.pending() {
				t.Errorf("silent %s, %s after all clients left: got a timer for deadlines, want none", silent, at)
			}
		}
		for at, id := range map[snapshot.ProcessID]ConnID{"p1": -200, "p2": -201} {
			p.client(at, id)
			if got := p.initiate(at, id, time.Hour); len(got) > 0 && got[0].Kind == wire.KindError {
				t.Errorf("silent %s, another client at %s: got %s, want a snapshot", silent, at, got[0].Body)
			}
			p.happened(at, Closed{Conn: id})
		}
		p.run(2 * idleMax)
		if after := p.holdings(); !maps.Equal(after, before) {
			t.Errorf("silent %s: got holdings %v, want those before, %v", silent, after, before)
		}
	}
}

// Only the snapshots of the client that left end. A snapshot without an owner stays.
func TestSnapshotEndsWithItsClient(t *testing.T) {
	p := newPair(t, "p2")
	p.client("p1", -100)
	p.client("p1", -101)
	p.initiate("p1", -100, time.Hour)
	p.initiate("p1", -101, time.Hour)
	e := p.cores["p1"].epoch
	p.happened("p1", Called{func() {
		if _, err := e.initiate([]snapshot.ProcessID{"p1"}, time.Hour, snapshot.Wants{}, func(*taken) {}); err != nil {
			t.Error(err)
		}
	}})
	p.run(time.Second)
	p.happened("p1", Closed{Conn: -100})
	p.run(time.Second)
	if got := len(e.assemblies); got != 2 {
		t.Errorf("after one of three snapshots lost its client: got %d assemblies, want 2", got)
	}
	for _, a := range e.assemblies {
		if a.owner != nil && a.owner.conn == -100 {
			t.Errorf("got an assembly of the client that left, want none")
		}
	}
	if got := len(p.cores["p2"].epoch.recorder.InProgress()); got != 2 {
		t.Errorf("recordings of p2: got %d, want 2", got)
	}
}

// pair is two cores that have a channel to each other, and the host of both. Frames
// arrive at once, and the clock moves only in run.
type pair struct {
	now     time.Duration
	cores   map[snapshot.ProcessID]*Core
	events  map[snapshot.ProcessID][]Event
	there   map[snapshot.ProcessID]map[ConnID]ConnID // the peer's number of each connection
	last    ConnID                                   // of the accepted connections
	replies map[ConnID][]wire.Reply                  // to clients
}

// newPair returns a pair that runs. The program of one process is silent.
func newPair(t *testing.T, silent snapshot.ProcessID) *pair {
	p := &pair{
		cores: map[snapshot.ProcessID]*Core{}, events: map[snapshot.ProcessID][]Event{}, replies: map[ConnID][]wire.Reply{},
		there: map[snapshot.ProcessID]map[ConnID]ConnID{"p1": {}, "p2": {}},
	}
	for _, c := range newCores(t) {
		p.cores[c.self] = c
		p.events[c.self] = []Event{Begin{Epoch: 1, Program: &mute{silent: c.self == silent}}}
	}
	p.run(time.Minute)
	for at, c := range p.cores {
		if !c.epoch.allUp {
			t.Fatalf("%s after a minute: got a channel that is down, want all up", at)
		}
	}
	return p
}

// mute is a program that sends nothing, and that never returns its state if it is silent.
type mute struct {
	program.Program
	silent bool
}

func (mute) Start(program.Process) {}

func (m mute) Capture(done func(program.State)) {
	if !m.silent {
		done(program.State{})
	}
}

func (p *pair) happened(at snapshot.ProcessID, e Event) { p.events[at] = append(p.events[at], e) }

// run lets time pass, and makes the steps that are due.
func (p *pair) run(d time.Duration) {
	for until := p.now + d; ; {
		for p.step("p1") || p.step("p2") {
		}
		next := until
		for _, c := range p.cores {
			if at, ok := c.Next(); ok {
				next = min(next, at)
			}
		}
		if next == p.now {
			return
		}
		p.now = next
	}
}

// step makes a step of one core if there is a reason for one.
func (p *pair) step(at snapshot.ProcessID) bool {
	c, events := p.cores[at], p.events[at]
	if due, ok := c.Next(); len(events) == 0 && !(ok && due <= p.now) {
		return false
	}
	p.events[at] = nil
	for _, e := range c.Step(p.now, events) {
		p.carryOut(at, e)
	}
	return true
}

func (p *pair) carryOut(at snapshot.ProcessID, e Effect) {
	peer := map[snapshot.ProcessID]snapshot.ProcessID{"p1": "p2", "p2": "p1"}[at]
	switch e := e.(type) {
	case Dial:
		p.last--
		p.there[at][e.Conn], p.there[peer][p.last] = p.last, e.Conn
		p.happened(at, Dialled{Conn: e.Conn})
	case Write:
		there, ok := p.there[at][e.Conn]
		for _, f := range e.Frames {
			if reply, is := f.(wire.Reply); is {
				p.replies[e.Conn] = append(p.replies[e.Conn], reply)
			} else if hello, is := f.(wire.Hello); is {
				p.happened(peer, Accepted{Conn: there, Hello: hello})
			} else if ok {
				p.happened(peer, Arrived{there, []wire.Frame{f}})
			}
		}
	case Close:
		if there, ok := p.there[at][e.Conn]; ok {
			p.happened(peer, Closed{Conn: there})
		}
	}
}

// client connects a client.
func (p *pair) client(at snapshot.ProcessID, conn ConnID) {
	p.happened(at, Accepted{Conn: conn, Hello: wire.Hello{
		VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleControl, Cluster: p.cores[at].Cluster.Name, To: at,
	}})
}

// initiate asks for a snapshot and returns the replies that come at once.
func (p *pair) initiate(at snapshot.ProcessID, conn ConnID, timeout time.Duration) []wire.Reply {
	body, err := wire.EncodeControl(wire.InitiateRequest{TimeoutMS: timeout.Milliseconds()})
	if err != nil {
		panic(err)
	}
	p.happened(at, Arrived{conn, []wire.Frame{wire.Request{Number: 1, Body: body}}})
	p.run(0)
	return p.replies[conn]
}

// holdings returns what both cores hold, but for the ids of ended snapshots.
func (p *pair) holdings() map[string]int {
	all := map[string]int{}
	for at, c := range p.cores {
		for what, n := range c.Holdings() {
			if what != "ended ids" {
				all[fmt.Sprintf("%s of %s", what, at)] = n
			}
		}
	}
	return all
}
