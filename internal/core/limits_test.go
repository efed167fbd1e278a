package core

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

// 1,024 clients may be connected. One more is refused as busy, until one has gone.
func TestClientsAreBounded(t *testing.T) {
	c, _ := started(t)
	connect := func(conn ConnID) []wire.Refuse {
		return written[wire.Refuse](c.Step(c.now, []Event{Accepted{Conn: conn, Hello: wire.Hello{
			VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleControl, Cluster: c.Cluster.Name, To: c.self,
		}}}), conn)
	}
	for n := ConnID(1); n <= sessionsMax; n++ {
		if refused := connect(-n); len(refused) > 0 {
			t.Fatalf("client %d: got %v, want no refusal", n, refused)
		}
	}
	if refused := connect(-sessionsMax - 1); len(refused) != 1 || refused[0].Code != wire.Busy {
		t.Errorf("client %d: got %v, want a refusal (%s)", sessionsMax+1, refused, wire.Busy)
	}
	c.Step(c.now, []Event{Closed{Conn: -1}})
	if refused := connect(-sessionsMax - 2); len(refused) > 0 {
		t.Errorf("another client, after one has gone: got %v, want no refusal", refused)
	}
}

// Restarted nodes of all processes together may have 256 connections that have not proved
// that they live.
func TestTakeoversOfAllAreBounded(t *testing.T) {
	const others = takeoversMax/takeoversOfOne + 1
	c := newSmall(t, 1+others)
	connect := func(conn ConnID, process int, incarnation string) []wire.Refuse {
		a := fromP2(c.Core, conn, wire.RoleChannel, snapshot.Incarnation(incarnation)).(Accepted)
		a.Hello.From = snapshot.ProcessID(fmt.Sprint("p", process))
		return written[wire.Refuse](c.Step(c.now, []Event{a}), conn)
	}
	last := 1 + others
	for process := 4; process <= last; process++ {
		connect(ConnID(-process), process, "a")
	}
	for n := range takeoversMax {
		if refused := connect(ConnID(-1000-n), 2+n/takeoversOfOne, fmt.Sprint("b", n)); len(refused) > 0 {
			t.Fatalf("takeover %d: got %v, want no refusal", n+1, refused)
		}
	}
	if refused := connect(-2000, last, "b"); len(refused) != 1 || refused[0].Code != wire.Busy {
		t.Errorf("takeover %d: got %v, want a refusal (%s)", takeoversMax+1, refused, wire.Busy)
	}
	c.Step(c.now, []Event{Closed{Conn: -1000}})
	if refused := connect(-2001, last, "c"); len(refused) > 0 {
		t.Errorf("another takeover, after one has ended: got %v, want no refusal", refused)
	}
}

// A part of 1 GiB is sent. Of a larger one a failed piece is sent.
func TestPartOfTheLimitIsSent(t *testing.T) {
	send := func(before int) (after int, failed bool) {
		c, _ := started(t)
		p := &pending{Start: snapshot.Start{ID: "s", Assembler: "p2", Deadline: time.Minute}, bytes: before}
		c.Step(1, []Event{Called{func() {
			p.pieces = []snapshot.Piece{snapshot.Recorded{Process: "p1", Incarnation: c.Incarnation, State: snapshot.State{Bytes: []byte("7")}}}
			c.epoch.sendPending(p)
		}}})
		for _, f := range c.epoch.uplinks["p2"].shipments[0].frames {
			sent := slices.Concat(f.(wire.Chunk).Bytes...)
			failed = failed || bytes.Contains(sent, []byte(snapshot.PartTooLarge))
		}
		return p.bytes, failed
	}
	section, _ := send(0)
	for bytes, want := range map[int]bool{PartMax - 1: false, PartMax: false, PartMax + 1: true} {
		if after, failed := send(bytes - section); after != bytes || failed != want {
			t.Errorf("part of %d bytes: got %d sent, failed %t, want failed %t", bytes, after, failed, want)
		}
	}
}

// A snapshot goes on while the node holds no more than its memory, and a new one begins while
// it holds no more than half of it. One byte more is too much, and is refused by name.
func TestMemoryOfTheLimitIsHeld(t *testing.T) {
	c := newSmall(t, 3)
	c.record(t)
	for range 4 {
		c.feed(message)
	}
	used := c.epoch.memory().Used
	for _, test := range []struct {
		memory            int
		admits, recording bool
	}{
		{2*used + 2, true, true}, {2 * used, true, true}, {2*used - 1, false, true},
		{used + 1, false, true}, {used, false, true}, {used - 1, false, false},
	} {
		c.Cluster.Limits.Memory = config.Size(test.memory)
		err := c.epoch.admitSnapshot()
		c.Step(c.now, []Event{Called{func() {
			c.epoch.grew(math.MaxInt32)
			c.epoch.limitMemory()
		}}})
		if admits := err == nil; admits != test.admits || !admits && !strings.Contains(err.Error(), "(limits.memory)") {
			t.Errorf("%d of %d bytes: got error %v for a new snapshot, want it to begin: %t", used, test.memory, err, test.admits)
		}
		if got := c.epoch.recorder.Recording(); got != test.recording {
			t.Errorf("%d of %d bytes: got recording %t, want %t", used, test.memory, got, test.recording)
		}
	}
}

// 1,024 parts wait for the outcome of their snapshot. One more takes the place of the oldest.
func TestShipmentsOfTheLimitWait(t *testing.T) {
	c, _ := started(t)
	for n := range shipmentsMax + 1 {
		c.Step(1, []Event{Called{func() {
			c.epoch.uplink("p2").ship(snapshot.Start{ID: snapshot.ID(fmt.Sprint(n)), Assembler: "p2", Deadline: time.Minute}, nil)
		}}})
		all := c.epoch.uplinks["p2"].shipments
		if got, want := len(all), min(n+1, shipmentsMax); got != want || all[0].ID != snapshot.ID(fmt.Sprint(n+1-want)) {
			t.Fatalf("part %d: got %d that wait, the first of %s, want %d, the first of %d", n+1, got, all[0].ID, want, n+1-want)
		}
	}
}

// 16 messages about a restore wait for a connection.
func TestFramesOfTheAgreementAreBounded(t *testing.T) {
	l := &agreeLink{}
	for n := range queueMax + 1 {
		l.write(wire.Look{Number: uint64(n)})
		if got, want := len(l.queue), min(n+1, queueMax); got != want {
			t.Errorf("after %d messages: got %d that wait, want %d", n+1, got, want)
		}
	}
}
