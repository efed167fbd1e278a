package diagram

import (
	"time"

	"chandy/snapshot"
)

// Document is a snapshot, with what only pictures need of it.
type Document struct {
	*snapshot.Global
	Journals map[snapshot.ProcessID]*Journal // nil if the snapshot was taken without journals
}

// Journal holds the last events of a process, and the first ones after its recording.
type Journal struct {
	RecordedAt time.Time // wall clock
	Events     []Entry   // in the order in which they happened
	Omitted    uint64    // events that the node knew and that are not in the snapshot
}

// Entry is an event of a journal.
type Entry struct {
	Kind Kind
	AtMS float64 // since the recording, on the process's own clock
	Peer snapshot.ProcessID
	Seq  uint64 // of a message; messages before a marker
	Type string
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

// Read reads a snapshot in the format chandy/snapshot.v1. The text must not be modified
// afterwards.
func Read(text []byte) (*Document, error) {
	g, err := snapshot.Decode(text)
	if err != nil {
		return nil, err
	}
	d := &Document{Global: g}
	for _, j := range g.Journals {
		if d.Journals == nil {
			d.Journals = map[snapshot.ProcessID]*Journal{}
		}
		entries := make([]Entry, 0, len(j.Events))
		for _, e := range j.Events {
			entries = append(entries, Entry{Kind(e.Kind.String()), milliseconds(e.At), e.Peer, e.Seq, e.Type})
		}
		d.Journals[j.Process] = &Journal{j.RecordedAt, entries, j.Omitted}
	}
	return d, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
