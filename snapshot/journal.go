package snapshot

import (
	"fmt"
	"time"
)

// EventKind says what happened at a process.
type EventKind uint8

// Kinds of an [Event].
const (
	EventSent           EventKind = 1 + iota // a message was sent
	EventReceived                            // the program received a message
	EventRecorded                            // the process recorded its state
	EventMarkerSent                          // the marker of the snapshot was issued
	EventMarkerReceived                      // the marker of the snapshot came
)

// eventKinds are the kinds in the JSON.
var eventKinds = [...]string{
	EventSent: "sent", EventReceived: "received", EventRecorded: "recorded",
	EventMarkerSent: "marker_sent", EventMarkerReceived: "marker_received",
}

// Valid reports whether k is one of the kinds.
func (k EventKind) Valid() bool { return k > 0 && int(k) < len(eventKinds) }

// String returns the kind as it stands in the JSON.
func (k EventKind) String() string {
	if !k.Valid() {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return eventKinds[k]
}

// OfMessage reports whether the event is one of a message.
func (k EventKind) OfMessage() bool { return k == EventSent || k == EventReceived }

// Event is one event at a process.
type Event struct {
	Kind EventKind
	At   time.Duration // since the recording, on the clock of the process; negative before it
	// Peer is the process at the other end of the channel. A recording has none.
	Peer ProcessID
	// Seq is the number of a message, or how many messages were sent before a marker.
	Seq uint64
	// Bytes is the length of the payload, and Type its type, see [EventTypeMax]. Only
	// messages have them.
	Bytes uint64
	Type  string
}

// Limits of a [Journal].
const (
	// EventTypeMax is how many bytes a type has at most. It is printable ASCII, and empty
	// if none was found in the message.
	EventTypeMax = 16
	// EventsMax is how many events a journal has at most.
	EventsMax = 1 << 14
	// EventBytes is about how many bytes an event takes.
	EventBytes = 64
)

// Journal is the piece of a part that lists events of the process round its recording. It
// comes only if the snapshot asks for it, and a part is complete without it.
type Journal struct {
	Process     ProcessID
	Incarnation Incarnation
	RecordedAt  time.Time // wall clock of the node: information only
	Events      []Event   // in the order in which they happened; one is the recording
	Omitted     uint64    // events that the node had and that are not in Events
}

// By returns the process.
func (p Journal) By() ProcessID { return p.Process }

func (p Journal) String() string {
	return fmt.Sprintf("%s has %d events of its journal", p.Process, len(p.Events))
}

// Check returns what is wrong with the events, or nil.
func (p *Journal) Check() error {
	recordings := 0
	for i, e := range p.Events {
		switch {
		case !e.Kind.Valid():
			return fmt.Errorf("event %d is of no known kind", i)
		case e.Kind == EventRecorded:
			recordings++
		case e.Peer == "":
			return fmt.Errorf("event %d has no peer", i)
		case e.Kind.OfMessage() && e.Seq == 0:
			return fmt.Errorf("event %d has no number", i)
		}
		if fault := checkEventType(e.Type); fault != nil {
			return fmt.Errorf("event %d: %w", i, fault)
		}
	}
	switch {
	case recordings != 1:
		return fmt.Errorf("there are %d recordings, not 1", recordings)
	case len(p.Events) > EventsMax:
		return fmt.Errorf("there are %d events, more than %d", len(p.Events), EventsMax)
	}
	return nil
}

func checkEventType(text string) error {
	if len(text) > EventTypeMax {
		return fmt.Errorf("the type has %d bytes, more than %d", len(text), EventTypeMax)
	}
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return fmt.Errorf("the type %q is not printable ASCII", text)
		}
	}
	return nil
}
