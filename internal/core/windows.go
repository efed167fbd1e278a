package core

import (
	"time"

	"chandy/internal/journal"
	"chandy/snapshot"
)

// window is what this process is to send of its journal for one snapshot.
type window struct {
	snapshot.Start
	*journal.Window
	recordedAt time.Time // wall clock
}

// journalRecorded puts the recordings among the recorder's effects into the journal, before
// the markers that go out next. It opens a window for each snapshot that asks for it.
func (e *epoch) journalRecorded(effects []snapshot.Effect) {
	if e.journal == nil {
		return
	}
	for _, effect := range effects {
		r, _ := effect.(snapshot.Report)
		switch _, recorded := r.Piece.(snapshot.Recorded); {
		case recorded && r.Start.Journal:
			e.openWindow(r.Start)
		case recorded:
			e.journal.Snapshot(snapshot.EventRecorded, e.core.now, 0, 0, r.Start.ID)
		}
	}
}

func (e *epoch) openWindow(s snapshot.Start) {
	floors := make([]uint64, len(e.core.topology.Processes))
	for _, out := range e.out {
		floors[out.peer.index] = out.sender.KnownReceived()
	}
	w := &window{Start: s, Window: e.journal.Open(s.ID, e.core.now, floors), recordedAt: e.core.Wall()}
	e.windows[s.ID] = w
	e.grew(w.Bytes())
}

// closeWindow removes the window of a snapshot and returns it, or nil if there is none.
func (e *epoch) closeWindow(id snapshot.ID) *window {
	w := e.windows[id]
	if w != nil {
		e.journal.Close(w.Window)
		delete(e.windows, id)
	}
	return w
}

// journalMarker puts a marker into the journal.
func (e *epoch) journalMarker(kind snapshot.EventKind, p *peer, m snapshot.Marker) {
	if e.journal != nil {
		e.journal.Snapshot(kind, e.core.now, p.index, m.Sent, m.ID)
	}
}

// piece returns the journal that goes with a part.
func (w *window) piece(c *Core) snapshot.Journal {
	entries, omitted := w.Events()
	events := make([]snapshot.Event, 0, len(entries))
	for _, entry := range entries {
		one := snapshot.Event{Kind: entry.Kind, At: entry.At - w.Cut(), Seq: entry.Seq}
		if entry.Kind != snapshot.EventRecorded {
			one.Peer = c.topology.Processes[entry.Peer]
		}
		if entry.Kind.OfMessage() {
			one.Bytes, one.Type = uint64(entry.Bytes), entry.Type()
		}
		for range entry.Count {
			events = append(events, one)
			one.Seq++
		}
	}
	return snapshot.Journal{
		Process: c.self, Incarnation: c.Incarnation, RecordedAt: w.recordedAt, Events: events, Omitted: uint64(omitted),
	}
}
