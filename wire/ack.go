package wire

import "fmt"

// Ack tells the sender of a channel where its receiver stands. All numbers
// count from the beginning of the channel, so that an ack makes every earlier
// one superfluous.
type Ack struct {
	// Arrived is the number of the last message that arrived.
	Arrived uint64
	// Received is the number of the last message that the program received.
	// Invariant: Received <= Arrived.
	Received uint64
	// Marker is the ordinal of the last marker that arrived.
	Marker uint64
	// Credit is in bytes, as in Welcome.
	Credit uint64
}

// Type is TypeAck.
func (Ack) Type() Type { return TypeAck }

// String gives the numbers.
func (a Ack) String() string {
	return fmt.Sprintf("ack (arrived %d, received %d, marker %d, credit %d)", a.Arrived, a.Received, a.Marker, a.Credit)
}

func (a Ack) append(b []byte) []byte {
	if err := a.fault(); err != nil {
		bug("ack: %v", err)
	}
	b = appendUint(b, a.Arrived)
	b = appendUint(b, a.Received)
	b = appendUint(b, a.Marker)
	return appendUint(b, a.Credit)
}

func decodeAck(d *decoder) Frame {
	a := Ack{
		Arrived:  d.uint("arrived"),
		Received: d.uint("received"),
		Marker:   d.uint("marker"),
		Credit:   d.uint("credit"),
	}
	d.check(a.fault())
	return a
}

func (a Ack) fault() error { return counts("received", a.Received, "arrived", a.Arrived) }
