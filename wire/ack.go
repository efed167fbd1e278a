package wire

import "fmt"

// Ack is sent by the receiver of a channel to its sender. A later ack makes every
// earlier one superfluous.
type Ack struct {
	Position
}

// Type returns TypeAck.
func (Ack) Type() Type { return TypeAck }

// String returns the position.
func (a Ack) String() string {
	return fmt.Sprintf("ack (arrived %d, received %d, marker %d, credit %d)", a.Arrived, a.Received, a.Marker, a.Credit)
}

func (a Ack) append(b []byte) []byte {
	if err := a.fault(); err != nil {
		bug("ack: %v", err)
	}
	return a.appendPosition(b)
}

func decodeAck(d *decoder) Frame {
	a := Ack{d.position()}
	d.check(a.fault())
	return a
}
