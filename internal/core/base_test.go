package core

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"chandy/internal/saved"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// diary is a program that notes what is asked of it, and answers nothing.
type diary struct {
	process program.Process
	lines   []string
}

func (d *diary) Start(p program.Process) { d.process = p; d.lines = append(d.lines, "start") }

func (d *diary) Receive(from snapshot.ProcessID, payload []byte) {
	d.lines = append(d.lines, fmt.Sprintf("%s: %s", from, payload))
}

func (d *diary) Capture(done func(program.State)) {
	d.lines = append(d.lines, "capture")
	done(program.State{Bytes: []byte(`"captured"`)})
}

func (d *diary) Restore(_ []byte, done func(error)) { done(nil) }

func (d *diary) want(t *testing.T, lines ...string) {
	t.Helper()
	if !slices.Equal(d.lines, lines) {
		t.Errorf("got %q, want %q", d.lines, lines)
	}
	d.lines = nil
}

// messages returns a batch of messages from number first on.
func messages(first uint64, payloads ...string) snapshot.Batch {
	b := snapshot.Batch{First: first}
	for _, p := range payloads {
		b.Append([]byte(p))
	}
	return b
}

// baseOfP1 is a base in which p1 has received 3 messages of p2, of which 4 … 6 are in its
// inbox, and has sent 2 messages, of which the last is not acknowledged.
func baseOfP1(clients ...snapshot.ProcessID) *Base {
	part := &saved.Part{
		Snapshot: "S", Process: "p1", Incarnation: "p1", State: program.State{Bytes: []byte(`"restored"`)},
		Out: []saved.Outgoing{{To: "p2", Peer: "i", Acked: 1, Sent: 2, SentBytes: 20, Messages: []snapshot.Batch{messages(2, "two")}}},
		In:  []saved.Incoming{{From: "p2", Peer: "i", Received: 3, Sent: 6, ReceivedBytes: 30, Messages: []snapshot.Batch{messages(4, "four", "five", "six")}}},
	}
	for _, c := range clients {
		part.Clients = append(part.Clients, saved.ClientRequest{Client: c})
	}
	return &Base{Part: part}
}

func TestAHeldEpochStartsNothing(t *testing.T) {
	c, d := newCores(t)[0], &diary{}
	c.Step(0, []Event{Begin{Epoch: 2, Program: d, Snapshot: "S", Base: baseOfP1(), Held: true}})
	control(c, 1, wire.CallRequest{Request: []byte(`"later"`)})
	var text []byte
	for _, r := range control(c, 2, wire.InitiateRequest{TimeoutMS: 1}) {
		text = append(text, r.Body...)
	}
	for _, r := range written[wire.Reply](c.Step(1e7, nil), -9) {
		text = append(text, r.Body...)
	}
	d.want(t)
	if !bytes.Contains(text, []byte(`"state": "restored"`)) {
		t.Errorf("snapshot: got %s, want the state of the base in it", text)
	}
	c.Step(1e7, []Event{Called{func() { c.epoch.run() }}})
	c.Step(1e7, nil)
	d.want(t, "start", `c1: "later"`, "p2: four", "p2: five", "p2: six")
}

func TestRequestsOfARestoreComeAfterTheRestoredMessages(t *testing.T) {
	c, d, base := newCores(t)[0], &diary{}, baseOfP1()
	c.Step(0, []Event{Begin{Epoch: 1, Program: &diary{}}})
	control(c, 0, wire.StatusRequest{}) // a client of the epoch before
	base.Then = []json.RawMessage{[]byte(`"first"`), []byte(`"second"`)}
	base.Skipped = []saved.Skipped{{From: "p2", To: "p1", Seq: 5}, {From: "p1", To: "p2", Seq: 2}}
	c.Step(0, []Event{Begin{Epoch: 2, Program: d, Snapshot: "S", Base: base, Held: true}})
	control(c, 1, wire.CallRequest{Request: []byte(`"client"`)})
	c.Step(1, []Event{Called{func() { c.epoch.run() }}})
	for c.More() {
		c.Step(1, nil)
	}
	d.want(t, "start", "p2: four", "p2: six", `c1: "first"`, `c3: "second"`, `c5: "client"`)
}

// A request that the base does not have never happened. One that is in its state, or that
// the program had not received, waits for the restored program.
func TestARestoreAnswersTheRequestsThatItUndoes(t *testing.T) {
	c, d := newCores(t)[0], &diary{}
	c.Step(0, []Event{Begin{Epoch: 1, Program: d}})
	for i := range uint64(3) {
		if i == 2 {
			d.process.Hold()
		}
		body, err := wire.EncodeControl(wire.CallRequest{Request: fmt.Appendf(nil, "%d", i+1)})
		if err != nil {
			t.Fatal(err)
		}
		control(c, 1, wire.StatusRequest{}) // opens the session
		c.Step(1, []Event{Arrived{-9, []wire.Frame{wire.Request{Number: 10 + i, Body: body}}}})
	}
	d.want(t, "start", "c1: 1", "c3: 2")
	fresh := &diary{}
	effects := c.Step(2, []Event{Begin{Epoch: 2, Program: fresh, Snapshot: "S", Base: baseOfP1("c1")}})
	var replies []string
	for _, r := range written[wire.Reply](effects, -9) {
		if r.Kind == wire.KindData {
			replies = append(replies, fmt.Sprintf("%d %.30s", r.Number, r.Body))
		}
	}
	if want := []string{`11 {"type":"error","code":14,"tex`}; !slices.Equal(replies, want) {
		t.Errorf("replies at the restore: got %q, want %q", replies, want)
	}
	fresh.want(t, "start", "c5: 3", "p2: four", "p2: five", "p2: six")
	for _, c := range []snapshot.ProcessID{"c1", "c5"} {
		if err := fresh.process.Send(c, []byte("{}")); err != nil {
			t.Errorf("reply to %s: got %v, want no error", c, err)
		}
	}
	if err := fresh.process.Send("c3", []byte("{}")); err == nil {
		t.Error("reply to c3: got no error, want one, because it has its reply")
	}
	other := newCores(t)[0]
	other.Step(0, []Event{Begin{Epoch: 1, Program: &diary{}}})
	control(other, 1, wire.CallRequest{Request: []byte("1")})
	base := baseOfP1("c1")
	base.Part.Incarnation = "another"
	if got := len(written[wire.Reply](other.Step(2, []Event{Begin{Epoch: 2, Program: &diary{}, Base: base}}), -9)); got != 2 {
		t.Errorf("a client of another incarnation with the same id: got %d replies, want the error and the end", got)
	}
}

// The restored program may still answer clients of the incarnation before. No client of this
// one may have the id of one of them.
func TestANewIncarnationGivesClientsIDsThatTheBaseCannotKnow(t *testing.T) {
	c, d, base := newCores(t)[0], &diary{}, baseOfP1("c3")
	base.Part.Incarnation, base.Part.ClientCount = "another", 3 // c1, c3 and c5
	c.Step(0, []Event{Begin{Epoch: 1, Program: &diary{}, Held: true}})
	control(c, 1, wire.CallRequest{Request: []byte(`"waits"`)})
	c.Step(1, []Event{Begin{Epoch: 2, Program: d, Snapshot: "S", Base: base}})
	control(c, 2, wire.CallRequest{Request: []byte(`"later"`)})
	for c.More() {
		c.Step(1, nil)
	}
	d.want(t, "start", `c7: "waits"`, "p2: four", "p2: five", "p2: six", `c9: "later"`)
	for i := range 3 {
		if old := program.ClientID(c.topology.Processes, c.self, i); d.process.Send(old, []byte("{}")) == nil {
			t.Errorf("reply to %s: got no error, want one, because that client is gone", old)
		}
	}
	for i := 3; i < 5; i++ {
		if is := program.ClientID(c.topology.Processes, c.self, i); d.process.Send(is, []byte("{}")) != nil {
			t.Errorf("reply to %s: got an error, want none", is)
		}
	}
}

func TestAListedIncarnationIsKnownFromTheBeginning(t *testing.T) {
	c := newCores(t)[0]
	c.Step(0, []Event{Begin{Epoch: 2, Program: &diary{}, Base: baseOfP1(), Snapshot: "S", Listed: []saved.Node{{Process: "p1", Incarnation: "p1"}, {Process: "p2", Incarnation: "i"}}}})
	hello := fromP2(c, -1, wire.RoleChannel, "j").(Accepted)
	hello.Hello.Epoch = 2
	if frames := written[wire.Ping](c.Step(1, []Event{hello}), -1); len(frames) != 1 {
		t.Errorf("answer to the first hello of an incarnation that is not listed: got %d pings, want one, as for a restart", len(frames))
	}
	hello = fromP2(c, -2, wire.RoleChannel, "i").(Accepted)
	hello.Conn, hello.Hello.Epoch = -2, 2
	welcome := written[wire.Welcome](c.Step(1, []Event{hello}), -2)
	if want := (wire.Position{Arrived: 6, Received: 6, Credit: 30 + 14 + uint64(c.window())}); len(welcome) != 1 || welcome[0].Position != want {
		t.Errorf("answer to the listed one: got %v, want the position %+v", welcome, want)
	}
}

// A message in flight is counted once, by its receiver, although its sender may have it too.
func TestABaseCountsWhatIsInFlightToItsProcess(t *testing.T) {
	b := baseOfP1()
	if got := b.inFlight("p1"); got != 3 {
		t.Errorf("got %d messages in flight to p1, want 3", got)
	}
	b.Skipped = []saved.Skipped{{From: "p2", To: "p1", Seq: 5}, {From: "p1", To: "p2", Seq: 2}}
	if got := b.inFlight("p1"); got != 2 {
		t.Errorf("got %d messages in flight to p1 without a skipped one, want 2", got)
	}
}
