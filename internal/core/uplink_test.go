package core

import (
	"slices"
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// A join can be sent late, and again after a disconnect. It then carries what is left
// of the snapshot's time.
func TestJoinCarriesTheTimeLeft(t *testing.T) {
	c, _ := started(t)
	effects := c.Step(0, []Event{Called{func() {
		if _, err := c.epoch.initiate([]snapshot.ProcessID{"p1", "p2"}, time.Second, func(*snapshot.Global) {}); err != nil {
			t.Fatal(err)
		}
	}}})
	for _, now := range []time.Duration{300 * time.Millisecond, 900 * time.Millisecond} {
		dials := only[Dial](effects)
		if len(dials) == 0 {
			t.Fatalf("at %v: got no dial, want one to p2", now)
		}
		conn := c.epoch.uplinks["p2"].conn
		if !slices.ContainsFunc(dials, func(d Dial) bool { return d.Conn == conn }) {
			t.Fatalf("at %v: got the dials %v, want one of the uplink's connection %d", now, dials, conn)
		}
		c.Step(now, []Event{Dialled{Conn: conn}})
		welcome := wire.Welcome{Version: wire.Version, Epoch: 1, Incarnation: "p2"}
		joins := written[wire.Join](c.Step(now, []Event{Arrived{conn, []wire.Frame{welcome}}}), conn)
		if want := time.Second - now; len(joins) != 1 || joins[0].TimeLeft != want {
			t.Errorf("at %v: got the joins %v, want one with TimeLeft %v", now, joins, want)
		}
		c.Step(now, []Event{Closed{Conn: conn}})
		effects = c.Step(now+50*time.Millisecond, nil) // dials again
	}
}
