package wire

// Position is how far the receiver of a channel is. All its numbers count from the
// beginning of the channel and never fall.
//
// Invariant: Received <= Arrived.
type Position struct {
	Arrived  uint64 // number of the last message that arrived
	Received uint64 // number of the last message that the program received
	Marker   uint64 // ordinal of the last marker that arrived
	// Credit is a number of bytes in batch bodies. The sender may send a message if all
	// messages before it, from the first one on, have fewer bytes than that.
	Credit uint64
}

func (p Position) appendPosition(b []byte) []byte {
	b = appendUint(b, p.Arrived)
	b = appendUint(b, p.Received)
	b = appendUint(b, p.Marker)
	return appendUint(b, p.Credit)
}

func (d *decoder) position() Position {
	return Position{
		Arrived:  d.uint("arrived"),
		Received: d.uint("received"),
		Marker:   d.uint("marker"),
		Credit:   d.uint("credit"),
	}
}

func (p Position) fault() error { return counts("received", p.Received, "arrived", p.Arrived) }
