package wire

import (
	"errors"
	"fmt"
	"time"

	"chandy/snapshot"
)

// Marker is the cut line of a snapshot on a channel. It goes from the sender of the channel
// to the receiver.
type Marker struct {
	// Ordinal numbers all markers of the channel, whatever their snapshots: 1, 2, 3 …
	Ordinal uint64
	// Snapshot is the snapshot to which the marker belongs.
	Snapshot snapshot.ID
	// Assembler is the process to which parts of the snapshot go.
	Assembler snapshot.ProcessID
	// TimeLeft is the remaining time until the snapshot's time-out. Append rounds it down
	// to microseconds, and a negative time up to 0.
	TimeLeft time.Duration
	// Sent is how many messages had been sent on the channel when the sender recorded
	// its state.
	Sent uint64
	// Acked is how many of these messages the receiver had acknowledged as arrived when
	// the sender recorded its state. Invariant: Acked <= Sent.
	Acked uint64
	// Wants is the flags.
	snapshot.Wants
}

// Type returns TypeMarker.
func (Marker) Type() Type { return TypeMarker }

// String returns the ordinal, the snapshot and both counts.
func (m Marker) String() string {
	return fmt.Sprintf("marker %d of %s (assembler %s, %s left, sent %d, acked %d%s)",
		m.Ordinal, shown(m.Snapshot), shown(m.Assembler), m.TimeLeft, m.Sent, m.Acked, wantsText(m.Wants))
}

func (m Marker) append(b []byte) []byte {
	if err := m.fault(); err != nil {
		bug("marker: %v", err)
	}
	b = appendUint(b, m.Ordinal)
	b = appendName(b, "snapshot", m.Snapshot)
	b = appendName(b, "assembler", m.Assembler)
	b = appendDuration(b, m.TimeLeft)
	b = appendUint(b, m.Sent)
	b = appendUint(b, m.Acked)
	return append(b, flagsOf(m.Wants))
}

func decodeMarker(d *decoder) Frame {
	d.whole = string(d.rest) // one allocation for both names
	m := Marker{
		Ordinal:   d.uint("ordinal"),
		Snapshot:  snapshot.ID(d.name("snapshot")),
		Assembler: snapshot.ProcessID(d.name("assembler")),
		TimeLeft:  d.duration("time left"),
		Sent:      d.uint("sent"),
		Acked:     d.uint("acked"),
	}
	m.Wants = d.wants()
	d.check(m.fault())
	return m
}

func (m Marker) fault() error {
	if m.Ordinal == 0 {
		return errors.New("ordinal is 0")
	}
	return counts("acked", m.Acked, "sent", m.Sent)
}
