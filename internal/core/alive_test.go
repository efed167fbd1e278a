package core

import (
	"testing"
	"time"

	"chandy/wire"
)

// The silence of a peer counts only while this node listens: if its steps are far apart, it
// does not know what has come meanwhile. It pings in each step all the same.
func TestSilenceCountsWhileANodeListens(t *testing.T) {
	for _, test := range []struct {
		name        string
		between     time.Duration // two steps
		steps       int           // of that kind
		least, most time.Duration // until the connection is given up
	}{
		{"it listens", keepAliveEvery, 0, DeadAfter, DeadAfter},
		{"steps of 2 s", 2 * time.Second, 1000, 30 * time.Second, 40 * time.Second},
		{"steps of 20 s", 20 * time.Second, 1000, 5 * time.Minute, 7 * time.Minute},
		{"it was stopped for an hour", time.Hour, 1, time.Hour + DeadAfter - keepAliveEvery, time.Hour + DeadAfter},
	} {
		c, _ := started(t)
		c.Step(0, []Event{fromP2(c, -1, wire.RoleChannel, "i")})
		now := time.Duration(0)
		for step := 1; c.conns[-1] != nil && now < 2*time.Hour; step++ {
			if step <= test.steps {
				now += test.between
			} else {
				now += keepAliveEvery
			}
			pinged := false
			for _, w := range only[Write](c.Step(now, nil)) {
				pinged = pinged || w.Conn == -1 && w.Frames[0].Type() == wire.TypePing
			}
			if slow := test.between > pingAfter && step <= test.steps; slow && !pinged && c.conns[-1] != nil {
				t.Errorf("%s: got no ping in step %d, want one in each step", test.name, step)
			}
		}
		if now < test.least || now > test.most {
			t.Errorf("%s: got the connection given up after %v, want %v to %v", test.name, now, test.least, test.most)
		}
	}
}

// What came before a node had listened again does not count as time in which it did not
// listen.
func TestPauseDoesNotOutlastASignOfLife(t *testing.T) {
	c, _ := started(t)
	c.Step(0, []Event{fromP2(c, -1, wire.RoleChannel, "i")})
	now := time.Hour
	for c.Step(now, []Event{Bytes{-1}}); c.conns[-1] != nil && now < 2*time.Hour; c.Step(now, nil) {
		now += keepAliveEvery
	}
	if got := now - time.Hour; got != DeadAfter {
		t.Errorf("heard after a pause and then silent: got it given up after %v, want %v", got, DeadAfter)
	}
}

// Bytes of a frame that takes long keep a connection, and are answered by a ping. Bytes on
// another connection, or on one that has ended, do nothing.
func TestBytesAreASignOfLife(t *testing.T) {
	c, _ := started(t)
	c.Step(0, []Event{fromP2(c, -1, wire.RoleChannel, "i")})
	for now := time.Second; now < time.Minute; now += time.Second {
		pings := 0
		for _, w := range only[Write](c.Step(now, []Event{Bytes{-1}, Bytes{-7}})) {
			if w.Conn == -1 && w.Ahead && w.Frames[0].Type() == wire.TypePing {
				pings++
			}
		}
		if c.conns[-1] == nil || pings != 1 {
			t.Fatalf("after %v: got %d pings on connection %v, want one on a connection that stays", now, pings, c.conns[-1])
		}
	}
}
