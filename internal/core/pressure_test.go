package core

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

// pump is a program that sends every peer a message of 1 KiB each millisecond.
type pump struct {
	stub
	rounds int
}

func (p *pump) beat() {
	p.rounds++
	for _, to := range p.process.Channels() {
		p.process.Send(to, make([]byte, 1<<10))
	}
	p.process.After(time.Millisecond, p.beat)
}

// newPump returns the core of p1 among n processes, and its program, which pumps. The
// limits of its outboxes are a 64th of the defaults. Its dials are not answered.
func newPump(t *testing.T, n int) (*Core, *pump) {
	t.Helper()
	cluster := mesh(t, n, config.Definition{Network: config.Network{OutboxHigh: 768 << 10, OutboxLimit: 1 << 20, OutboxTotal: 8 << 20}})
	c := New(Options{
		Cluster: cluster, ID: "p1", Incarnation: "p1", Log: zerolog.Nop(),
		Rand: rand.New(rand.NewPCG(1, 1)), Wall: time.Now, Do: func(f func()) { f() },
	})
	p := &pump{}
	c.Step(0, []Event{Begin{Epoch: 1, Program: p}, Called{p.beat}})
	return c, p
}

// runUntil makes a step each millisecond until the time end. The node must not exit.
func runUntil(t *testing.T, c *Core, end time.Duration) {
	t.Helper()
	for c.now < end {
		if exits := only[Exit](c.Step(c.now+time.Millisecond, nil)); len(exits) > 0 {
			t.Fatalf("after %v: got the exits %v, want a node that goes on", c.now, exits)
		}
	}
}

// welcomeAll answers the dials of all channels, as peers do that just started.
func welcomeAll(c *Core) {
	for _, out := range c.epoch.out {
		welcome := wire.Welcome{
			Version: wire.Version, Epoch: 1, Incarnation: snapshot.Incarnation(out.peer.id), Position: wire.Position{Credit: 1 << 30},
		}
		c.Step(c.now, []Event{Dialled{Conn: out.conn}, Arrived{out.conn, []wire.Frame{welcome}}})
	}
}

// acknowledgeAll acknowledges everything that was sent on all channels, but no message
// after the last one given.
func acknowledgeAll(c *Core, last uint64) {
	for _, out := range c.epoch.out {
		n := min(last, out.sender.Sent())
		at := wire.Position{Arrived: n, Received: n, Marker: out.sender.Markers(), Credit: 1 << 40}
		c.Step(c.now, []Event{Arrived{out.conn, []wire.Frame{wire.Ack{Position: at}}}})
	}
}

// While many peers are away, no outbox need reach its own high-water mark. The mark of all
// outboxes holds the program back before their limit ends the node.
func TestAbsentPeersHoldTheProgramBack(t *testing.T) {
	c, p := newPump(t, 14)
	runUntil(t, c, 2*time.Second)
	const round = 13 << 10
	if most, held := 4<<20/round+2, p.rounds; held < most-5 || held > most {
		t.Errorf("with 13 absent peers: got %d rounds, want %d to %d, for 4 MiB", held, most-5, most)
	}
	if c.epoch.delivery.overHigh > 0 {
		t.Errorf("outboxes above their own mark: got %d, want 0", c.epoch.delivery.overHigh)
	}
	held := p.rounds
	welcomeAll(c)
	acknowledgeAll(c, 100)
	runUntil(t, c, c.now+10*time.Millisecond)
	if p.rounds > held {
		t.Errorf("after 100 of %d messages were acknowledged: got %d rounds more, want none", held, p.rounds-held)
	}
	acknowledgeAll(c, 200)
	runUntil(t, c, c.now+10*time.Millisecond)
	if got := p.rounds - held; got < 9 {
		t.Errorf("10 ms after 200 of %d messages were acknowledged: got %d rounds more, want at least 9", held, got)
	}
}

// Above the high-water mark of all outboxes, a snapshot is refused by name: to the client
// that asks for it, and to the assembler from which a marker comes.
func TestFullOutboxesRefuseSnapshots(t *testing.T) {
	c, _ := newPump(t, 14)
	runUntil(t, c, time.Second)
	const want = `close to their limit (outbox_total_high), most of it channel p1-\u003ep10: is p10 down or too slow?"}`
	if replies := control(c, c.now, wire.InitiateRequest{}); len(replies) != 1 || !strings.HasSuffix(string(replies[0].Body), want) {
		t.Errorf("reply to a client: got %q, want one that ends with %s", replies, want)
	}
	marker := wire.Marker{Ordinal: 1, Snapshot: "S", Assembler: "p2", TimeLeft: time.Minute}
	c.Step(c.now, []Event{fromP2(c, -1, wire.RoleChannel, "p2"), Arrived{-1, []wire.Frame{marker}}})
	if up := c.epoch.uplinks["p2"]; up == nil || len(up.shipments) != 1 || c.epoch.recorder.Recording() {
		t.Errorf("after a marker: got uplink %v and recording %v, want a refusal to p2, and false", up, c.epoch.recorder.Recording())
	}
	welcomeAll(c)
	acknowledgeAll(c, math.MaxUint64)
	if control(c, c.now, wire.InitiateRequest{}); !c.epoch.recorder.Recording() {
		t.Error("after the outboxes were acknowledged: got no recording, want one")
	}
}

// Each snapshot leaves a marker on the channel to an absent peer. At the limit a snapshot
// is refused by name, until the peer has acknowledged the markers.
func TestMarkersToAnAbsentPeerAreBounded(t *testing.T) {
	c, _ := started(t)
	initiate := func() (err error) {
		c.Step(c.now+time.Millisecond, []Event{Called{func() {
			_, err = c.epoch.initiate([]snapshot.ProcessID{"p1"}, time.Millisecond, snapshot.Wants{}, func(*taken) {})
		}}})
		return err
	}
	for i := range markersMax {
		if err := initiate(); err != nil {
			t.Fatalf("snapshot %d: got %v, want no error", i+1, err)
		}
	}
	want := fmt.Sprintf("%d markers wait on channel p1->p2, and no more are kept: is p2 down?", markersMax)
	if got := fmt.Sprint(initiate()); got != want {
		t.Errorf("snapshot %d: got error %s, want %s", markersMax+1, got, want)
	}
	welcomeAll(c)
	acknowledgeAll(c, math.MaxUint64)
	if err := initiate(); err != nil {
		t.Errorf("after the markers were acknowledged: got error %v, want none", err)
	}
}
