// Package journal keeps the last events of a process, for pictures: messages sent and
// received, recordings and markers. Payloads are not kept.
//
// A [Ring] has the last events. A [Window] is opened when the process records its state
// for a snapshot that asks for its journal. It has the events of the ring at that time and
// the first ones afterwards, and [Window.Events] chooses those that are worth sending.
package journal

import (
	"time"

	"chandy/snapshot"
)

// Entry is one event of a snapshot, or a run of messages: Count messages of the same kind,
// peer, length and type that followed one another in one step. A run takes the time and the
// memory of one event, so that a journal of many small messages costs next to nothing.
type Entry struct {
	At    time.Duration // of the step, on the clock of the node
	Seq   uint64        // number of the first message; messages before a marker
	Count uint32        // messages; 1 for an event of a snapshot
	Bytes uint32        // of the payload of each message
	Peer  uint16        // index of the other process in the topology
	Kind  snapshot.EventKind
	len   uint8    // of the type in tag; see rawTag
	tag   [16]byte // the type of a message; the end of a snapshot's id of all others
}

// EntryBytes is the size of an Entry.
const EntryBytes = 48

// ofMessage reports whether the event is about a message, not about a snapshot.
func (e *Entry) ofMessage() bool {
	return e.Kind == snapshot.EventSent || e.Kind == snapshot.EventReceived
}

// Ring keeps the last events. It is not safe for concurrent use.
type Ring struct {
	entries []Entry // of kind 0 if there was no event yet, or if it is forgotten
	next    int     // index of the oldest entry, which the next event replaces
	size    int     // most entries; until then the ring grows
	windows []*Window
	run     *Entry // the newest entry, if a message can join it, else &none
	none    Entry
}

// NewRing returns a Ring of the last size events, or more if there are runs. size must be
// positive.
func NewRing(size int) *Ring {
	r := &Ring{size: size}
	r.run = &r.none
	return r
}

// growMin is how many entries a ring has at first.
const growMin = 64

// slot returns the place of the next event.
func (r *Ring) slot() *Entry {
	if r.next == len(r.entries) {
		r.turn()
	}
	e := &r.entries[r.next]
	r.next++
	return e
}

// turn makes room behind the last entry, or goes back to the first one.
func (r *Ring) turn() {
	if len(r.entries) == r.size {
		r.next = 0
		return
	}
	grown := make([]Entry, min(r.size, max(growMin, 2*len(r.entries))))
	copy(grown, r.entries)
	r.entries = grown
}

// Message adds a message that was sent or received.
func (r *Ring) Message(kind snapshot.EventKind, at time.Duration, peer uint16, seq uint64, payload []byte) {
	if e := r.run; e.At == at && e.Seq+uint64(e.Count) == seq && e.Bytes == uint32(len(payload)) && e.Peer == peer && e.Kind == kind && e.sameType(payload) {
		e.Count++
		return
	}
	r.add(kind, at, peer, seq, payload)
}

func (r *Ring) add(kind snapshot.EventKind, at time.Duration, peer uint16, seq uint64, payload []byte) {
	e := r.slot()
	e.At, e.Seq, e.Count, e.Bytes, e.Peer, e.Kind = at, seq, 1, uint32(len(payload)), peer, kind
	e.setType(payload)
	r.run = e
	r.tell(e)
}

// Snapshot adds an event of a snapshot: its recording, or a marker.
func (r *Ring) Snapshot(kind snapshot.EventKind, at time.Duration, peer uint16, seq uint64, id snapshot.ID) {
	e := r.slot()
	*e = Entry{At: at, Seq: seq, Count: 1, Peer: peer, Kind: kind, tag: endOf(id)}
	r.run = &r.none
	r.tell(e)
}

// tell adds an event to the windows. While there are any, each message is an entry of its
// own.
func (r *Ring) tell(e *Entry) {
	for _, w := range r.windows {
		w.add(e)
		r.run = &r.none
	}
}

// endOf returns the last bytes of an id, which tell it from others: ids end with random
// characters.
func endOf(id snapshot.ID) (tag [16]byte) {
	copy(tag[:], id[max(0, len(id)-len(tag)):])
	return tag
}

// Forget drops all messages of a peer that restarted, because their numbers begin again.
func (r *Ring) Forget(peer uint16) {
	for i := range r.entries {
		if e := &r.entries[i]; e.Peer == peer && e.ofMessage() {
			*e = Entry{}
		}
	}
}

// Bytes returns how many bytes the entries take.
func (r *Ring) Bytes() int { return EntryBytes * len(r.entries) }
