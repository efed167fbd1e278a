package core

import (
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// Other processes refuse a snapshot whose id is not above those that they have forgotten.
func TestIDsAscendWhenTheClockIsSetBack(t *testing.T) {
	c, _ := started(t)
	begun := time.Date(2026, 11, 22, 7, 35, 25, 0, time.UTC)
	last := snapshot.ID("")
	for i, wall := range []time.Duration{0, 0, 1, time.Microsecond, -time.Hour, time.Hour, time.Minute, -24 * time.Hour} {
		id := c.epoch.newID(begun.Add(wall))
		if id <= last {
			t.Errorf("id %d, with the clock at %v: got %s, want one above %s", i, wall, id, last)
		}
		last = id
	}
}

// A marker that names its receiver as the assembler is late: the snapshot has ended,
// perhaps before the receiver's node started.
func TestMarkerStartsNothingAtItsAssembler(t *testing.T) {
	c, _ := started(t)
	c.Step(0, []Event{fromP2(c, -1, wire.RoleChannel, "i")})
	late := wire.Marker{Ordinal: 1, Snapshot: "S", Assembler: "p1", TimeLeft: time.Hour}
	effects := c.Step(1, []Event{Arrived{-1, []wire.Frame{late}}})
	if refused := written[wire.Refuse](effects, -1); len(refused) > 0 || c.epoch.in[0].receiver.Acknowledge().Marker != 1 {
		t.Errorf("answer: got the refusals %v and position %+v, want the marker counted", refused, c.epoch.in[0].receiver.Acknowledge())
	}
	if got := c.epoch.recorder.InProgress(); len(got) > 0 {
		t.Errorf("recordings: got %v, want none", got)
	}
	other := wire.Marker{Ordinal: 2, Snapshot: "T", Assembler: "p2", TimeLeft: time.Hour}
	c.Step(2, []Event{Arrived{-1, []wire.Frame{other}}})
	if got := c.epoch.recorder.Ended(); got != 1 {
		t.Errorf("finished recordings of another assembler's snapshot: got %d, want 1", got)
	}
}

// No recording lasts longer than a day, whatever its marker or Join says.
func TestRecordingsEndWithinADay(t *testing.T) {
	for _, left := range []time.Duration{timeoutMax, 100 * 365 * timeoutMax, 1<<63 - 1} {
		c, p := started(t)
		p.silent = true
		c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "i"), fromP2(c, -2, wire.RoleAssembly, "i")})
		c.Step(2, []Event{
			Arrived{-1, []wire.Frame{wire.Marker{Ordinal: 1, Snapshot: "S", Assembler: "p2", TimeLeft: left}}},
			Arrived{-2, []wire.Frame{wire.Join{Snapshot: "T", Assembler: "p2", TimeLeft: left}}},
		})
		if got := len(c.epoch.recorder.InProgress()); got != 2 {
			t.Errorf("%v left: got %d recordings, want 2", left, got)
		}
		c.Step(2+timeoutMax, nil)
		if got := len(c.epoch.recorder.InProgress()); got != 0 {
			t.Errorf("%v left, a day later: got %d recordings, want 0", left, got)
		}
	}
}
