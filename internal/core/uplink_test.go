package core

import (
	"fmt"
	"slices"
	"strings"
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
		if _, err := c.epoch.initiate([]snapshot.ProcessID{"p1", "p2"}, time.Second, snapshot.Wants{}, func(*taken) {}); err != nil {
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

// Only the assembler of a snapshot ends it by an outcome.
func TestOnlyTheAssemblerSendsAnOutcome(t *testing.T) {
	a := newAssembler(t)
	a.Step(2, []Event{Called{func() {
		a.epoch.uplink("p2").ship(snapshot.Start{ID: "s", Assembler: "p2", Deadline: time.Minute}, nil)
	}}})
	conn := a.epoch.uplink("p2").conn
	a.Step(3, []Event{Dialled{Conn: conn}})
	a.Step(4, []Event{Arrived{conn, []wire.Frame{wire.Welcome{Version: wire.Version, Epoch: 1, Incarnation: "i"}}}})
	held := a.Holdings()
	outcome := wire.Outcome{Snapshot: a.begun.ID, Status: wire.StatusUnknown}
	refused := written[wire.Refuse](a.Step(5, []Event{Arrived{conn, []wire.Frame{outcome}}}), conn)
	if len(refused) != 1 || !strings.Contains(refused[0].Text, "that p1 assembles") {
		t.Errorf("outcome from p2: got %v, want a refusal", refused)
	}
	if got, want := a.Holdings()["recordings"], held["recordings"]; got != want || want != 1 {
		t.Errorf("recordings after the outcome: got %d, want %d as before", got, want)
	}
}

// A peer that starts snapshots without end, and answers nothing, does not fill the memory
// with answers to it.
func TestShipmentsAreBounded(t *testing.T) {
	c, p := started(t)
	p.silent = true
	c.Step(1, []Event{fromP2(c, -1, wire.RoleAssembly, "i")})
	for n := range 2 * shipmentsMax {
		join := wire.Join{Snapshot: snapshot.ID(fmt.Sprintf("%06d", n)), Assembler: "p2", TimeLeft: time.Hour}
		c.Step(2, []Event{Arrived{-1, []wire.Frame{join}}})
	}
	c.Step(2+pieceDelay, nil)
	shipments := c.epoch.uplinks["p2"].shipments
	if got := len(shipments); got != shipmentsMax {
		t.Fatalf("shipments: got %d, want %d", got, shipmentsMax)
	}
	if got, want := shipments[shipmentsMax/2].ID, snapshot.ID(fmt.Sprintf("%06d", 2*shipmentsMax-shipmentsMax/2)); got < want {
		t.Errorf("shipment in the middle: got %s, want one of the last, from %s on", got, want)
	}
}
