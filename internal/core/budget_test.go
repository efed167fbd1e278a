package core

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// ticker is a program whose timers call f.
type ticker struct {
	process program.Process
	f       func()
}

func (p *ticker) Start(process program.Process)      { p.process = process; process.After(0, p.f) }
func (p *ticker) Receive(snapshot.ProcessID, []byte) {}
func (p *ticker) Restore(_ []byte, done func(error)) { done(nil) }
func (p *ticker) Capture(done func(program.State))   { done(program.State{}) }

// Only a step that used up its budget says so: with a timer that is due there is
// more to do, which is no reason for longer steps.
func TestSpent(t *testing.T) {
	cluster, err := config.Build(config.Definition{Name: "t", Processes: []config.ProcessDefinition{{ID: "p1", Address: "127.0.0.1:1"}}})
	if err != nil {
		t.Fatal(err)
	}
	fired := 0
	p := &ticker{}
	p.f = func() {
		if fired++; fired < 5 {
			p.process.After(0, p.f)
		} else if fired == 5 {
			p.process.After(time.Second, p.f)
		}
	}
	c := New(Options{
		Cluster: cluster, ID: "p1", Incarnation: "i", Log: zerolog.Nop(),
		Rand: rand.New(rand.NewPCG(1, 1)), Wall: time.Now, Do: func(f func()) { f() },
	})
	c.Budget = 3
	events := []Event{Begin{Epoch: 1, Program: p}}
	for i, want := range []struct {
		fired       int
		spent, more bool
	}{{3, true, true}, {5, false, false}} {
		c.Step(0, events)
		events = nil
		if fired != want.fired || c.Spent() != want.spent || c.More() != want.more {
			t.Errorf("step %d: %d timers fired, spent %v, more %v; want %v", i, fired, c.Spent(), c.More(), want)
		}
	}
	if at, ok := c.Next(); !ok || at <= 0 {
		t.Errorf("next at %v, %v", at, ok)
	}
	p.process.After(0, func() {})
	if c.Spent() || !c.More() {
		t.Errorf("with a timer that is due: spent %v, more %v", c.Spent(), c.More())
	}
}

// What the budget was not enough for is received in the next steps, at once; and a
// budget that was just enough leaves nothing to do.
func TestMoreToReceive(t *testing.T) {
	c := newCores(t)[0]
	c.Step(0, []Event{begun()})
	waiting := &c.epoch.clients.requests
	c.Budget = 2
	for range 4 {
		*waiting = append(*waiting, request{"c1", []byte("{}")})
	}
	for _, want := range []int{2, 0} { // the second time the budget is just enough
		c.Step(0, nil)
		if left := len(*waiting); left != want || c.More() != (left > 0) {
			t.Errorf("%d requests left, more %v, want %d", left, c.More(), want)
		}
	}
	*waiting = append(*waiting, request{"c1", []byte("{}")})
	c.epoch.process.Hold()
	if c.More() {
		t.Error("there is more to receive while the program is held")
	}
	c.epoch.process.Release()
	if !c.More() {
		t.Error("there is nothing to receive after Release")
	}
}
