package wire

import (
	"fmt"
	"time"

	"chandy/snapshot"
)

// Ask asks a process to initiate a snapshot that has begun elsewhere: from the
// assembler to another initiator.
type Ask struct {
	// Snapshot is the snapshot to join.
	Snapshot snapshot.ID
	// Assembler is the process to which parts of the snapshot go.
	Assembler snapshot.ProcessID
	// TimeLeft is what is left of the snapshot's time-out, as in Marker.
	TimeLeft time.Duration
}

// Type is TypeAsk.
func (Ask) Type() Type { return TypeAsk }

// String gives the fields.
func (a Ask) String() string {
	return fmt.Sprintf("ask for %s (assembler %s, %s left)", shown(a.Snapshot), shown(a.Assembler), a.TimeLeft)
}

func (a Ask) append(b []byte) []byte {
	b = appendName(b, "snapshot", a.Snapshot)
	b = appendName(b, "assembler", a.Assembler)
	return appendDuration(b, a.TimeLeft)
}

func decodeAsk(d *decoder) Frame {
	return Ask{
		Snapshot:  snapshot.ID(d.name("snapshot")),
		Assembler: snapshot.ProcessID(d.name("assembler")),
		TimeLeft:  d.duration("time left"),
	}
}
