package journal

import (
	"time"

	"chandy/snapshot"
)

// Window is what a process tells about its events round its recording for one snapshot.
type Window struct {
	tag     [16]byte
	entries []Entry  // in the order in which they happened, without those of other snapshots
	cut     int      // index of the recording
	after   int      // events of messages after the cut that add has seen
	first   []bool   // by peer: a message of it was received after the cut
	floors  []uint64 // see Open
}

// Most is how many events of messages Window.Events returns at most.
const Most = 4096

// Open adds the recording of a snapshot, and opens its Window. floors has for each process
// of the topology how many of the messages to it are known to be received; later ones are
// in flight. The caller must close the Window.
func (r *Ring) Open(id snapshot.ID, at time.Duration, floors []uint64) *Window {
	r.Snapshot(snapshot.EventRecorded, at, 0, 0, id)
	w := &Window{tag: endOf(id), first: make([]bool, len(floors)), floors: floors}
	w.entries = make([]Entry, 0, len(r.entries))
	for _, half := range [][]Entry{r.entries[r.next:], r.entries[:r.next]} {
		for i := range half {
			if e := &half[i]; e.Kind != 0 && w.wants(e) {
				w.entries = append(w.entries, *e)
			}
		}
	}
	w.cut = len(w.entries) - 1
	r.windows = append(r.windows, w)
	return w
}

// Close ends what the Ring adds to a Window.
func (r *Ring) Close(w *Window) {
	kept := r.windows[:0]
	for _, one := range r.windows {
		if one != w {
			kept = append(kept, one)
		}
	}
	clear(r.windows[len(kept):])
	r.windows = kept
}

// wants reports whether an event belongs into the window: events of other snapshots do not.
func (w *Window) wants(e *Entry) bool { return e.ofMessage() || e.tag == w.tag }

// add takes an event after the cut.
func (w *Window) add(e *Entry) {
	if !w.wants(e) {
		return
	}
	must := !e.ofMessage()
	if !must {
		w.after += int(e.Count)
	}
	if e.Kind == snapshot.EventReceived && !w.first[e.Peer] {
		w.first[e.Peer], must = true, true
	}
	if must || w.after <= Most {
		w.entries = append(w.entries, *e)
	}
}

// Bytes returns how many bytes the window takes.
func (w *Window) Bytes() int { return EntryBytes * cap(w.entries) }

// Cut returns when the process recorded its state.
func (w *Window) Cut() time.Duration { return w.entries[w.cut].At }

// Events returns the events that are worth sending, in the order in which they happened,
// and how many others of messages there were. First come the events of the snapshot. Then
// come the messages in flight, then the last message that each channel brought before the
// cut and the first one after it, and then all others. Each group goes from the cut
// outwards.
func (w *Window) Events() (events []Entry, omitted int) {
	c := chooser{Window: w, chosen: make([]uint32, len(w.entries)), room: Most}
	c.choose(func(i int, e *Entry) uint32 {
		last, floor := e.Seq+uint64(e.Count)-1, w.floors[e.Peer]
		if i > w.cut || e.Kind != snapshot.EventSent || last <= floor {
			return 0
		}
		return uint32(min(uint64(e.Count), last-floor))
	})
	seen := make([][2]bool, len(w.floors)) // by peer, before and after the cut
	c.choose(func(i int, e *Entry) uint32 {
		side := &seen[e.Peer][0]
		if i > w.cut {
			side = &seen[e.Peer][1]
		}
		if e.Kind != snapshot.EventReceived || *side {
			return 0
		}
		*side = true
		return 1
	})
	c.choose(func(_ int, e *Entry) uint32 { return e.Count })
	return c.events()
}

// chooser chooses messages of a window.
type chooser struct {
	*Window
	chosen []uint32 // by entry: how many messages of the run, those nearest to the cut
	room   uint32   // for more messages
}

// choose chooses messages from the cut outwards, as long as there is room. worth returns
// how many messages of a run are worth it.
func (c *chooser) choose(worth func(i int, e *Entry) uint32) {
	for d := 1; d < len(c.entries); d++ {
		for _, i := range [2]int{c.cut - d, c.cut + d} {
			if i < 0 || i >= len(c.entries) || !c.entries[i].ofMessage() {
				continue
			}
			n := min(worth(i, &c.entries[i]), c.chosen[i]+c.room)
			if more := n - min(n, c.chosen[i]); more > 0 {
				c.chosen[i] = n
				c.room -= more
			}
		}
	}
}

// events returns what is chosen, and how many messages are not.
func (c *chooser) events() (events []Entry, omitted int) {
	omitted = c.after
	for i, e := range c.entries {
		if e.ofMessage() {
			if i < c.cut {
				omitted += int(e.Count)
				e.Seq += uint64(e.Count - c.chosen[i])
			}
			e.Count = c.chosen[i]
			omitted -= int(e.Count)
		}
		if e.Count > 0 {
			events = append(events, e)
		}
	}
	return events, omitted
}
