package core

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"chandy/program"
	"chandy/wire"
)

func TestCoreWithoutEpochAnswersOnlyClients(t *testing.T) {
	c := newCores(t)[0]
	refused := written[wire.Refuse](c.Step(0, []Event{fromP2(c, -1, wire.RoleChannel, "i")}), -1)
	if len(refused) != 1 || refused[0].Code != wire.WrongEpoch {
		t.Errorf("answer to a node: got %v, want a refusal with code %q", refused, wire.WrongEpoch)
	}
	want := fmt.Sprintf(`%v {"code":"no epoch","text":"p1 runs no program yet: try again"}`, wire.KindError)
	for i, request := range []wire.Control{wire.InitiateRequest{}, wire.CallRequest{Request: []byte("{}")}} {
		got := "no reply"
		for _, r := range control(c, time.Duration(i), request) {
			got = fmt.Sprintf("%v %s", r.Kind, r.Body)
		}
		if got != want {
			t.Errorf("reply to %T: got %s, want %s", request, got, want)
		}
	}
	if replies := control(c, 3, wire.StatusRequest{}); len(replies) != 2 {
		t.Errorf("replies to a status request: got %d, want the status and the end", len(replies))
	}
	if got := c.status(); got.Epoch != 0 || len(got.Outgoing) != 0 {
		t.Errorf("status: got %+v, want epoch 0 without channels", got)
	}
}

// The end of an epoch closes its connections and answers its clients. The handle of the
// old program does nothing afterwards, and results that come late are dropped.
func TestOldEpochHasNoEffectAfterItsEnd(t *testing.T) {
	c := newCores(t)[0]
	old, fresh := &stub{silent: true}, &stub{silent: true}
	var later []func()
	c.Options.Do = func(f func()) { later = append(later, f) }
	c.Step(0, []Event{Begin{Epoch: 1, Program: old}, fromP2(c, -1, wire.RoleChannel, "i")})
	control(c, 1, wire.CallRequest{Request: []byte("{}")})
	control(c, 2, wire.InitiateRequest{TimeoutMS: 1000})
	if old.received != 1 || old.done == nil {
		t.Fatalf("in epoch 1: got %d requests and a capture %v, want 1 and true", old.received, old.done != nil)
	}
	var late []any
	effects := c.Step(3, []Event{Called{func() { c.epoch.work(inlineMax+1, func() any { return 1 }, func(r any) { late = append(late, r) }) }}})
	background := only[Background](effects)[0]
	old.process.Do(func() { late = append(late, "Do") })
	old.process.After(time.Second, func() { late = append(late, "After") })

	effects = c.Step(4, []Event{Begin{Epoch: 2, Program: fresh}})
	closed := map[ConnID]bool{}
	for _, e := range only[Close](effects) {
		closed[e.Conn] = true
	}
	if !closed[-1] || closed[-9] {
		t.Errorf("closed connections: got %v, want the channel's (-1) and not the client's (-9)", closed)
	}
	answers := map[wire.Kind]int{}
	for _, r := range written[wire.Reply](effects, -9) {
		answers[r.Kind]++
	}
	if answers[wire.KindError] != 0 || answers[wire.KindEnd] != 2 {
		t.Errorf("replies: got %v, want the ends of the call and of a partial snapshot", answers)
	}

	c.Step(5, []Event{Called{func() { background.Then(background.Work()) }}, Called{later[0]}})
	old.process.Hold()
	old.process.Stop(errors.New("stopped by a program of the past"))
	old.done(program.State{})
	err := old.process.Send("p2", []byte("m"))
	c.Step(2*time.Second, nil)
	if !errors.Is(err, errEpochEnded) || len(late) > 0 || c.exited || c.epoch.delivery.held || c.epoch.number != 2 {
		t.Errorf("after the end: got Send %v, calls %v, exited %v, held %v, epoch %d; want %v and epoch 2 without effects of epoch 1",
			err, late, c.exited, c.epoch.delivery.held, c.epoch.number, errEpochEnded)
	}
	control(c, 2*time.Second, wire.CallRequest{Request: []byte("{}")})
	if old.received != 1 || fresh.received != 1 {
		t.Errorf("requests in both epochs: got %d and %d, want 1 and 1", old.received, fresh.received)
	}
}
