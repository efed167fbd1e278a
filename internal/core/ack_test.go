package core

import (
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// Markers alone are acknowledged late, messages soon, with the markers before them.
func TestAcknowledgementsWait(t *testing.T) {
	const ms = time.Millisecond
	marker := wire.Marker{Ordinal: 1, Snapshot: "S", Assembler: "p2", TimeLeft: time.Minute}
	batch := snapshot.Batch{First: 1}
	batch.Append([]byte("m"))
	for name, test := range map[string]struct {
		message  time.Duration // when a message arrives; zero: never
		at       time.Duration
		messages uint64
	}{
		"a marker alone":              {0, 1*ms + ackMarkerDelay, 0},
		"a message after the marker":  {10 * ms, 10*ms + ackDelay, 1},
		"a message shortly before it": {1*ms + ackMarkerDelay - 5*ms, 1*ms + ackMarkerDelay, 1},
	} {
		c, p := started(t)
		p.silent = true
		c.Step(0, []Event{fromP2(c, -1, wire.RoleChannel, "i")})
		c.Step(1*ms, []Event{Arrived{-1, []wire.Frame{marker}}})
		for now := 2 * ms; now <= test.at; now += ms {
			var events []Event
			if now == test.message {
				events = []Event{Arrived{-1, []wire.Frame{wire.Data{Stamp: 1, Batch: batch}}}}
			}
			acks := written[wire.Ack](c.Step(now, events), -1)
			switch {
			case now < test.at && len(acks) > 0:
				t.Errorf("%s: got %v at %v, want no ack before %v", name, acks, now, test.at)
			case now == test.at && (len(acks) != 1 || acks[0].Marker != 1 || acks[0].Arrived != test.messages):
				t.Errorf("%s: got the acks %v at %v, want one of marker 1 and %d messages", name, acks, now, test.messages)
			}
		}
	}
}
