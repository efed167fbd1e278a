package wire

import (
	"fmt"

	"chandy/snapshot"
)

// Welcome accepts a hello. For a channel it says where the channel stands, so
// that the sender can go on from there; otherwise those fields are 0.
type Welcome struct {
	// Version is the version of the protocol from here on: the highest that
	// both sides speak.
	Version uint8
	// Epoch is that of the listener.
	Epoch uint64
	// Incarnation is that of the listener.
	Incarnation snapshot.Incarnation
	// Arrived is the number of the last message that arrived.
	Arrived uint64
	// Received is the number of the last message that the program received.
	// Invariant: Received <= Arrived.
	Received uint64
	// Marker is the ordinal of the last marker that arrived.
	Marker uint64
	// Credit is the number of bytes of batch bodies that the sender may have
	// sent on the channel, counted from its beginning. A message may be sent if
	// the bytes of all messages before it are fewer.
	Credit uint64
}

// Type is TypeWelcome.
func (Welcome) Type() Type { return TypeWelcome }

// String says who answers, and where the channel stands.
func (w Welcome) String() string {
	return fmt.Sprintf("welcome version %d, epoch %d, incarnation %s (arrived %d, received %d, marker %d, credit %d)",
		w.Version, w.Epoch, shown(w.Incarnation), w.Arrived, w.Received, w.Marker, w.Credit)
}

func (w Welcome) append(b []byte) []byte {
	if err := w.fault(); err != nil {
		bug("welcome: %v", err)
	}
	b = appendUint(b, w.Version)
	b = appendUint(b, w.Epoch)
	b = appendName(b, "incarnation", w.Incarnation)
	b = appendUint(b, w.Arrived)
	b = appendUint(b, w.Received)
	b = appendUint(b, w.Marker)
	return appendUint(b, w.Credit)
}

func decodeWelcome(d *decoder) Frame {
	w := Welcome{
		Version:     d.uint8("version"),
		Epoch:       d.uint("epoch"),
		Incarnation: snapshot.Incarnation(d.name("incarnation")),
		Arrived:     d.uint("arrived"),
		Received:    d.uint("received"),
		Marker:      d.uint("marker"),
		Credit:      d.uint("credit"),
	}
	d.check(w.fault())
	return w
}

func (w Welcome) fault() error { return counts("received", w.Received, "arrived", w.Arrived) }
