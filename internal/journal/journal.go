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
	// run is the newest entry. A message joins it if it is alike: head and at are what it
	// must have. A head of 0 means that none may join.
	run  *Entry
	head uint64
	at   time.Duration
}

// NewRing returns a Ring of the last size events, or more if there are runs. size must be
// positive.
func NewRing(size int) *Ring { return &Ring{size: size} }

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
	// The numbers of a channel ascend by one, so that a message that is alike is the next one.
	head := uint64(kind)<<48 | uint64(peer)<<32 | uint64(uint32(len(payload)))
	if r.head == head && r.at == at && r.run.sameType(payload) {
		r.run.Count++
		return
	}
	r.head, r.at = head, at
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
	r.head = 0
	r.tell(e)
}

// tell adds an event to the windows. While there are any, each message is an entry of its
// own.
func (r *Ring) tell(e *Entry) {
	for _, w := range r.windows {
		w.add(e)
		r.head = 0
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
	r.head = 0
	for i := range r.entries {
		if e := &r.entries[i]; e.Peer == peer && e.ofMessage() {
			*e = Entry{}
		}
	}
}

// Bytes returns how many bytes the entries take.
func (r *Ring) Bytes() int { return EntryBytes * len(r.entries) }
