package diagram

import (
	"encoding/json"
	"fmt"
	"time"

	"chandy/snapshot"
)

// Document is a snapshot, with what only pictures need of it.
type Document struct {
	*snapshot.Global
	Journals map[snapshot.ProcessID]*Journal // nil if the snapshot was taken without journals
	Times    map[snapshot.ProcessID]Times
	Markers  map[snapshot.Channel]float64 // when a marker came, in ms since its receiver learned of the snapshot
}

// Journal holds the last events of a process, and the first ones after its recording.
type Journal struct {
	RecordedAt time.Time `json:"recorded_at"` // wall clock
	Events     []Entry   `json:"events"`      // in the order in which they happened
	Omitted    uint64    `json:"omitted"`     // events that the node had, and that are not here
}

// Entry is an event of a journal.
type Entry struct {
	Kind  Kind               `json:"kind"`
	AtMS  float64            `json:"at_ms"` // since the recording, on the process's own clock
	Peer  snapshot.ProcessID `json:"peer"`
	Seq   uint64             `json:"seq"` // of a message; messages before a marker
	Bytes uint64             `json:"bytes"`
	Type  string             `json:"type"`
}

// Kind says what happened.
type Kind string

const (
	Sent           Kind = "sent"
	Received       Kind = "received"
	Recorded       Kind = "recorded"
	MarkerSent     Kind = "marker_sent"
	MarkerReceived Kind = "marker_received"
)

// Times holds when a process reached each stage of a snapshot, in ms on its own clock since
// it first learned of the snapshot. A stage that does not apply is nil.
type Times struct {
	FirstMarker *float64 `json:"first_marker_ms"`
	Held        *float64 `json:"held_ms"`
	Settled     *float64 `json:"settled_ms"`
	Asked       *float64 `json:"asked_ms"`
	Encoded     *float64 `json:"encoded_ms"`
	Sent        *float64 `json:"sent_ms"`
}

// Read reads a snapshot in the format chandy/snapshot.v1. The text must not be modified
// afterwards.
func Read(text []byte) (*Document, error) {
	g, err := snapshot.Decode(text)
	if err != nil {
		return nil, err
	}
	d := &Document{Global: g}
	if err := d.readJournals(text); err != nil {
		return nil, err
	}
	return d, nil
}

// readJournals reads the journals and the times.
func (d *Document) readJournals(text []byte) error {
	var more struct {
		Journal   map[snapshot.ProcessID]*Journal
		Processes map[snapshot.ProcessID]struct{ Times *Times }
		Channels  []struct {
			From, To snapshot.ProcessID
			MarkerMS *float64 `json:"marker_ms"`
		}
	}
	if err := json.Unmarshal(text, &more); err != nil {
		return fmt.Errorf("the journal or the times cannot be read: %w", err)
	}
	d.Journals = more.Journal
	d.Times, d.Markers = map[snapshot.ProcessID]Times{}, map[snapshot.Channel]float64{}
	for id, j := range d.Journals {
		if err := j.check(); err != nil {
			return fmt.Errorf("the journal of %q %w", id, err)
		}
	}
	for id, p := range more.Processes {
		if p.Times != nil {
			d.Times[id] = *p.Times
		}
	}
	for _, c := range more.Channels {
		if c.MarkerMS != nil {
			d.Markers[snapshot.Channel{From: c.From, To: c.To}] = *c.MarkerMS
		}
	}
	return nil
}

// check checks what a picture relies on: the recording stands in the journal once.
func (j *Journal) check() error {
	if j == nil {
		return fmt.Errorf("is null")
	}
	recorded := 0
	for i, e := range j.Events {
		switch e.Kind {
		case Recorded:
			recorded++
		case Sent, Received:
			if e.Seq == 0 {
				return fmt.Errorf("has a message without a number: events[%d]", i)
			}
		case MarkerSent, MarkerReceived:
		default:
			return fmt.Errorf("has an event of the unknown kind %q: events[%d]", string(e.Kind), i)
		}
	}
	if recorded != 1 {
		return fmt.Errorf("has %d recordings, not 1", recorded)
	}
	return nil
}
