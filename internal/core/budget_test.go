package core

import (
	"testing"
	"time"
)

// A timer that is due means more to do, but it is no reason for longer steps.
func TestOnlyAWholeBudgetIsSpent(t *testing.T) {
	c, p := started(t)
	c.Budget = 3
	fired := 0
	var fire func()
	fire = func() {
		if fired++; fired < 5 {
			p.process.After(0, fire)
		} else if fired == 5 {
			p.process.After(time.Second, fire)
		}
	}
	p.process.After(0, fire)
	type result struct {
		fired       int
		spent, more bool
	}
	for i, want := range []result{{3, true, true}, {5, false, false}} {
		c.Step(0, nil)
		if got := (result{fired, c.Spent(), c.More()}); got != want {
			t.Errorf("step %d: got %+v, want %+v", i, got, want)
		}
	}
	if at, ok := c.Next(); !ok || at <= 0 {
		t.Errorf("next step: got %v, %v; want a time after 0", at, ok)
	}
	p.process.After(0, func() {})
	if c.Spent() || !c.More() {
		t.Errorf("with a timer that is due: got spent %v and more %v, want false and true", c.Spent(), c.More())
	}
}

// Messages for which the budget did not suffice are received in the next steps, without
// a new event. A budget that just sufficed leaves nothing to do.
func TestMoreToReceive(t *testing.T) {
	c, p := started(t)
	c.Budget = 2
	requests := func(n int) {
		for range n {
			c.epoch.clients.requests = append(c.epoch.clients.requests, request{"c1", []byte("{}")})
		}
	}
	requests(4)
	for i, want := range []int{2, 0} {
		c.Step(0, nil)
		if got := len(c.epoch.clients.requests); got != want || c.More() != (want > 0) {
			t.Errorf("step %d: got %d requests left and more %v, want %d and %v", i, got, c.More(), want, want > 0)
		}
	}
	requests(1)
	p.process.Hold()
	if c.More() {
		t.Error("more while the program is held: got true, want false")
	}
	p.process.Release()
	if !c.More() {
		t.Error("more after Release: got false, want true")
	}
}
