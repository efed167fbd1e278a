package wire

import (
	"fmt"
	"time"

	"chandy/snapshot"
)

// Join asks a process to initiate a snapshot that has begun elsewhere: from the
// assembler to another initiator.
type Join struct {
	// Snapshot is the snapshot to join.
	Snapshot snapshot.ID
	// Assembler is the process to which parts of the snapshot go.
	Assembler snapshot.ProcessID
	// TimeLeft is what is left of the snapshot's time-out, as in Marker.
	TimeLeft time.Duration
}

// Type returns TypeJoin.
func (Join) Type() Type { return TypeJoin }

// String returns the fields.
func (a Join) String() string {
	return fmt.Sprintf("join %s (assembler %s, %s left)", shown(a.Snapshot), shown(a.Assembler), a.TimeLeft)
}

func (a Join) append(b []byte) []byte {
	b = appendName(b, "snapshot", a.Snapshot)
	b = appendName(b, "assembler", a.Assembler)
	b = appendDuration(b, a.TimeLeft)
	return append(b, noFlags)
}

func decodeJoin(d *decoder) Frame {
	j := Join{
		Snapshot:  snapshot.ID(d.name("snapshot")),
		Assembler: snapshot.ProcessID(d.name("assembler")),
		TimeLeft:  d.duration("time left"),
	}
	d.flags()
	return j
}
