package core

import (
	"testing"
	"time"

	"chandy/wire"
)

// The reason for a missing part is the newest that is known about its process.
func TestAMissingPartIsExplainedByTheNewestKnowledge(t *testing.T) {
	const start = 3 * time.Second
	up := func(c *Core, now time.Duration) {
		conn := c.epoch.out[0].conn
		c.Step(now, []Event{Dialled{Conn: conn}, Arrived{conn, []wire.Frame{wire.Welcome{Version: wire.Version, Epoch: 1, Incarnation: "a"}}}})
	}
	swapped := func(c *Core) Event {
		hello := fromP2(c, -2, wire.RoleChannel, "a").(Accepted)
		hello.Hello.To = "p3"
		return hello
	}
	for name, test := range map[string]struct {
		then func(c *Core)
		want string
	}{
		"the channel to it came up after the error": {func(c *Core) { up(c, start) },
			"channel p2->p1 is down for 3s: p2 has not connected, although channel p1->p2 is up for 2s"},
		"it was refused since": {func(c *Core) {
			up(c, start)
			c.Step(start+time.Second, []Event{swapped(c)})
		}, "channel p2->p1 is down for 3s: p1 refused it: this is p1, not p3: check the addresses in the cluster file"},
		"it was refused, and then not dialled": {func(c *Core) {
			c.Step(start, []Event{swapped(c)})
			c.Step(start+time.Second, []Event{Dialled{Conn: c.epoch.out[0].conn, Err: errClosed}})
		}, "channel p1->p2 is down for 5s: the peer closed the connection"},
		"it was not dialled, and then refused": {func(c *Core) {
			c.Step(start, []Event{Dialled{Conn: c.epoch.out[0].conn, Err: errClosed}})
			c.Step(start, nil)
			c.Step(start+time.Second, []Event{swapped(c)})
		}, "channel p2->p1 is down for 3s: p1 refused it: this is p1, not p3: check the addresses in the cluster file"},
	} {
		c, _ := started(t)
		c.Step(time.Second, []Event{fromP2(c, -1, wire.RoleChannel, "a")})
		c.Step(2*time.Second, []Event{Closed{Conn: -1}})
		test.then(c)
		c.Step(5*time.Second, nil)
		if _, got := c.epoch.explain("p2"); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, test.want)
		}
	}
}
