package core

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// sink is a program that receives and sends nothing.
type sink struct{ stub }

func (p *sink) Receive(snapshot.ProcessID, []byte) {}

func (p *sink) Capture(done func(program.State)) { done(program.State{Bytes: []byte("{}")}) }

// small is the core of p1 among n processes, with a memory of 4 MiB. p2 and p3 have
// connected, by the connections -2 and -3.
type small struct {
	*Core
	program *sink
	next    uint64 // number of p3's next message
}

func newSmall(t *testing.T, n int) *small {
	t.Helper()
	cluster := mesh(t, n, config.Definition{
		Limits:  config.Limits{Memory: 4 << 20},
		Network: config.Network{OutboxHigh: 64 << 10, OutboxLimit: 128 << 10, OutboxTotal: 256 << 10},
	})
	c := &small{program: &sink{}, next: 1, Core: New(Options{
		Cluster: cluster, ID: "p1", Incarnation: "p1", Log: zerolog.Nop(),
		Rand: rand.New(rand.NewPCG(1, 1)), Wall: time.Now, Do: func(f func()) { f() },
	})}
	p2 := fromP2(c.Core, -2, wire.RoleChannel, "p2").(Accepted)
	p3 := fromP2(c.Core, -3, wire.RoleChannel, "p3").(Accepted)
	p3.Hello.From = "p3"
	c.Step(0, []Event{Begin{Epoch: 1, Program: c.program}, p2, p3})
	return c
}

// record makes the process record for a snapshot of p2. p3 is slow to send its marker.
func (c *small) record(t *testing.T) {
	t.Helper()
	c.Step(c.now, []Event{Arrived{-2, []wire.Frame{wire.Marker{Ordinal: 1, Snapshot: "S", Assembler: "p2", TimeLeft: time.Minute}}}})
	if !c.epoch.recorder.Recording() {
		t.Fatal("after a marker: got no recording, want one")
	}
}

// feed lets a message of p3 arrive, a millisecond later, and returns the effects.
func (c *small) feed(bytes int) []Effect {
	batch := snapshot.Batch{First: c.next}
	batch.Append(make([]byte, bytes))
	c.next++
	return c.Step(c.now+time.Millisecond, []Event{Arrived{-3, []wire.Frame{wire.Data{Batch: batch}}}})
}

// message is the size of the messages that p3 sends.
const message = 64 << 10

// checkUsed reports an error if more than the memory and a message are in use.
func (c *small) checkUsed(t *testing.T) {
	t.Helper()
	if m := c.status().Memory; m.Used > m.Limit+2*message {
		t.Errorf("message %d: got the memory %+v, want at most %d and two messages in use", c.next-1, m, m.Limit)
	}
}

func TestStatusCountsMemory(t *testing.T) {
	c := newSmall(t, 3)
	c.program.process.Hold()
	c.program.process.Send("p2", make([]byte, 1000))
	c.feed(1000)
	c.record(t)
	const one = 1002 // a message and its length
	want := wire.MemoryStatus{Limit: 4 << 20, Outboxes: one + 2*markerBytes, Inboxes: one, Recordings: one + snapshot.BatchBytes, Parts: one + snapshot.BatchBytes + len("{}")}
	want.Used = want.Outboxes + want.Inboxes + want.Recordings + want.Parts
	if got := c.status().Memory; got != want {
		t.Errorf("memory: got %+v, want %+v", got, want)
	}
}

// The windows of many channels share a quarter of the memory.
func TestWindowsFitTheMemory(t *testing.T) {
	for n, want := range map[int]int{3: 512 << 10, 65: 16 << 10, 513: 4 << 10} {
		for _, in := range newSmall(t, n).epoch.in {
			if got := in.receiver.Window; got != want {
				t.Fatalf("window of %s among %d processes: got %d, want %d", in, n, got, want)
			}
		}
	}
}

// A process that records more than its memory holds ends its part, and says why. The node
// goes on.
func TestRecordingIsBounded(t *testing.T) {
	c := newSmall(t, 3)
	c.record(t)
	for range 4 * 4 << 20 / message {
		if exits := only[Exit](c.feed(message)); len(exits) > 0 {
			t.Fatalf("got the exits %v, want a node that goes on", exits)
		}
		c.checkUsed(t)
	}
	if m := c.status().Memory; c.epoch.recorder.Recording() || m.Used > message {
		t.Errorf("after 16 MiB: got recording %v and the memory %+v, want no recording", c.epoch.recorder.Recording(), m)
	}
	if got := len(c.epoch.uplinks["p2"].shipments); got != 1 {
		t.Fatalf("shipments to p2: got %d, want 1", got)
	}
	last := c.epoch.uplinks["p2"].shipments[0].frames
	pieces, err := wire.DecodeSection("p1", "p1", last[len(last)-1].(wire.Chunk).Bytes, 9)
	const want = "p1 failed: part too large: p1 held 40"
	if got := fmt.Sprint(pieces); err != nil || !strings.Contains(got, want) || !strings.Contains(got, "KiB for the snapshot when its memory was full (limits.memory)") {
		t.Errorf("last section to p2: got %s, %v, want %q in it", got, err, want)
	}
}

// An assembler whose memory is full ends the snapshot as partial, and says why.
func TestAssemblyIsBounded(t *testing.T) {
	c := newSmall(t, 3)
	replies := control(c.Core, c.now, wire.InitiateRequest{})
	for range 2 * 4 << 20 / message {
		effects := c.feed(message)
		replies = append(replies, written[wire.Reply](effects, -9)...)
		c.checkUsed(t)
	}
	if len(replies) == 0 || replies[len(replies)-1].Kind != wire.KindEnd {
		t.Fatalf("replies to the client: got %v, want an end", replies)
	}
	end := string(replies[len(replies)-1].Body)
	for _, want := range []string{`"status":"partial"`, "p2: part not received: p1 held 40", "(limits.memory)"} {
		if !strings.Contains(end, want) {
			t.Errorf("end of the snapshot: got %s, want %q in it", end, want)
		}
	}
	if m := c.status().Memory; m.Recordings+m.Parts > 0 {
		t.Errorf("after the snapshot: got the memory %+v, want no recordings and no parts", m)
	}
}

func TestHalfOfTheMemoryRefusesSnapshots(t *testing.T) {
	c := newSmall(t, 3)
	c.record(t)
	for range 2<<20/message + 1 {
		c.feed(message)
	}
	replies := control(c.Core, c.now, wire.InitiateRequest{})
	const want = "more than half of its memory (limits.memory)"
	if len(replies) != 1 || replies[0].Kind != wire.KindError || !strings.Contains(string(replies[0].Body), want) {
		t.Errorf("reply to a client: got %v, want an error with %q in it", replies, want)
	}
	c.Step(c.now, []Event{Called{func() { c.epoch.recorder.Abandon("S"); c.epoch.forget("S", "p2") }}})
	if replies := control(c.Core, c.now, wire.InitiateRequest{}); len(replies) > 0 {
		t.Errorf("after the recording was freed: got the reply %v, want a snapshot in progress", replies)
	}
}

// What a node holds for clients follows its memory, and one request is always let in.
func TestClientsHaveAShareOfTheMemory(t *testing.T) {
	for memory, want := range map[config.Size]int{1 << 20: 64 << 10, 64 << 20: 4 << 20, 1 << 30: 64 << 20, 64 << 30: 64 << 20} {
		if got := ClientBytes(&config.Cluster{Limits: config.Limits{Memory: memory}}); got != want {
			t.Errorf("memory of %v: got %d bytes for clients, want %d", memory, got, want)
		}
	}
	c, p := started(t)
	p.silent = true
	c.Cluster.Limits.Memory = 1 << 20
	c.Step(0, []Event{Accepted{Conn: -9, Hello: wire.Hello{Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: c.Cluster.Name, ConfigHash: c.hash, To: c.self}}})
	c.epoch.delivery.overTotal = true // the program takes no requests
	s := c.conns[-9].handler.(*session)
	for n := range uint64(3) {
		s.open++
		c.epoch.clients.add(s, n, make([]byte, 100<<10))
	}
	if got := len(c.epoch.clients.requests); got != 1 {
		t.Errorf("requests of 100 KiB in a sixteenth of 1 MiB: got %d that wait, want 1", got)
	}
}
