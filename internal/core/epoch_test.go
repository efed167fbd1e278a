package core

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// slow is a program that answers Capture when the test calls done.
type slow struct {
	process  program.Process
	done     func(program.State)
	received int
}

func (p *slow) Start(process program.Process)      { p.process = process }
func (p *slow) Receive(snapshot.ProcessID, []byte) { p.received++ }
func (p *slow) Restore(_ []byte, done func(error)) { done(nil) }
func (p *slow) Capture(done func(program.State))   { p.done = done }

// control returns the replies to a request on the session with number -9, which it
// opens at first use.
func control(c *Core, now time.Duration, request wire.Control) (replies []wire.Reply) {
	if c.conns[-9] == nil {
		c.Step(now, []Event{Accepted{Conn: -9, Hello: wire.Hello{
			VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleControl, Cluster: c.Cluster.Name, To: c.self,
		}}})
	}
	body, err := wire.EncodeControl(request)
	if err != nil {
		panic(err)
	}
	return repliesIn(c.Step(now, []Event{Arrived{-9, []wire.Frame{wire.Request{Number: 1, Body: body}}}}))
}

func repliesIn(effects []Effect) (replies []wire.Reply) {
	for _, e := range effects {
		if w, ok := e.(Write); ok {
			for _, f := range w.Frames {
				if r, ok := f.(wire.Reply); ok {
					replies = append(replies, r)
				}
			}
		}
	}
	return replies
}

func wantReply(t *testing.T, replies []wire.Reply, want string) {
	t.Helper()
	got := "no reply"
	if len(replies) > 0 {
		last := replies[len(replies)-1]
		got = fmt.Sprintf("%v %s", last.Kind, last.Body)
	}
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A core without an epoch admits no node, and answers clients.
func TestNoEpoch(t *testing.T) {
	c := newCores(t)[0]
	refused := ""
	for _, e := range c.Step(0, []Event{Accepted{Conn: -1, Hello: wire.Hello{
		VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleChannel, Cluster: c.Cluster.Name, Epoch: 1,
		ConfigHash: c.hash, From: "p2", To: "p1", Incarnation: "i",
	}}}) {
		if w, ok := e.(Write); ok {
			refused = w.Frames[0].(wire.Refuse).Code
		}
	}
	if refused != wire.WrongEpoch {
		t.Errorf("a node is refused with %q, want %q", refused, wire.WrongEpoch)
	}
	text := fmt.Sprintf(`%v {"code":"no epoch","text":"p1 runs no program yet: try again"}`, wire.KindError)
	wantReply(t, control(c, 1, wire.InitiateRequest{}), text)
	wantReply(t, control(c, 2, wire.CallRequest{Request: []byte("{}")}), text)
	if replies := control(c, 3, wire.StatusRequest{}); len(replies) != 2 {
		t.Errorf("got %d replies to a status request, want the status and the end", len(replies))
	}
	if got := c.status(); got.Epoch != 0 || len(got.Outgoing) != 0 {
		t.Errorf("got the status %+v, want epoch 0 without channels", got)
	}
}

// The end of an epoch closes its connections, answers its clients, and leaves the
// program a handle that does nothing, whatever comes back late.
func TestEpochEnds(t *testing.T) {
	c := newCores(t)[0]
	old, fresh := &slow{}, &slow{}
	var later []func()
	c.Options.Do = func(f func()) { later = append(later, f) }
	c.Step(0, []Event{Begin{Epoch: 1, Program: old}, Accepted{Conn: -1, Hello: wire.Hello{
		VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleChannel, Cluster: c.Cluster.Name, Epoch: 1,
		ConfigHash: c.hash, From: "p2", To: "p1", Incarnation: "i",
	}}})
	control(c, 1, wire.CallRequest{Request: []byte("{}")})
	control(c, 2, wire.InitiateRequest{TimeoutMS: 1000})
	if old.received != 1 || old.done == nil {
		t.Fatalf("got %d requests and a capture %v, want 1 and true", old.received, old.done != nil)
	}
	var late []any
	c.Step(3, []Event{Called{func() { c.epoch.work(inlineMax+1, func() any { return 1 }, func(r any) { late = append(late, r) }) }}})
	background := c.effects[0].(Background)
	old.process.Do(func() { late = append(late, "Do") })
	old.process.After(time.Second, func() { late = append(late, "After") })

	effects := c.Step(4, []Event{Begin{Epoch: 2, Program: fresh}})
	closed := map[ConnID]bool{}
	for _, e := range effects {
		if e, ok := e.(Close); ok {
			closed[e.Conn] = true
		}
	}
	if !closed[-1] || closed[-9] {
		t.Errorf("closed connections: got %v, want the channel's and not the client's", closed)
	}
	answers := map[wire.Kind]int{}
	for _, r := range repliesIn(effects) {
		answers[r.Kind]++
	}
	if answers[wire.KindError] != 1 || answers[wire.KindEnd] != 1 {
		t.Errorf("replies: got %v, want an error for the call and the end of a partial snapshot", answers)
	}

	c.Step(5, []Event{Called{func() { background.Then(background.Work()) }}, Called{later[0]}})
	old.process.Hold()
	old.process.Stop(errors.New("stopped by a program of the past"))
	old.done(program.State{})
	err := old.process.Send("p2", []byte("m"))
	c.Step(2*time.Second, nil)
	if !errors.Is(err, errEpochEnded) || len(late) > 0 || c.exited || c.epoch.delivery.held || c.epoch.number != 2 {
		t.Errorf("after the end: got Send %v, calls %v, exited %v, held %v, epoch %d; want %v and a new epoch without effects of the old one",
			err, late, c.exited, c.epoch.delivery.held, c.epoch.number, errEpochEnded)
	}
	control(c, 2*time.Second, wire.CallRequest{Request: []byte("{}")})
	if old.received != 1 || fresh.received != 1 {
		t.Errorf("got %d and %d requests, want 1 and 1", old.received, fresh.received)
	}
}
