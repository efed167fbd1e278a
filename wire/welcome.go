package wire

import (
	"fmt"

	"chandy/snapshot"
)

// Welcome accepts a hello.
type Welcome struct {
	// Version is the version of the protocol after this frame: the highest version that
	// both sides speak.
	Version uint8
	// Epoch is the epoch of the listener; 0 if none has begun.
	Epoch uint64
	// Incarnation is the incarnation of the listener.
	Incarnation snapshot.Incarnation
	// Position says where the sender of a channel must continue. It is zero on a
	// connection of another role.
	Position
}

// Type returns TypeWelcome.
func (Welcome) Type() Type { return TypeWelcome }

// String returns all fields.
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
	return w.appendPosition(b)
}

func decodeWelcome(d *decoder) Frame {
	w := Welcome{
		Version:     d.uint8("version"),
		Epoch:       d.uint("epoch"),
		Incarnation: snapshot.Incarnation(d.name("incarnation")),
		Position:    d.position(),
	}
	d.check(w.fault())
	return w
}
