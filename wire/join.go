package wire

import (
	"fmt"
	"time"

	"chandy/snapshot"
)

// Join asks a process to be an initiator of a snapshot that has already begun. The
// assembler sends it to the further initiators.
type Join struct {
	// Snapshot is the snapshot to join.
	Snapshot snapshot.ID
	// Assembler is the process that sends the Join. The parts go there.
	Assembler snapshot.ProcessID
	// TimeLeft is the remaining time until the snapshot's time-out, as in [Marker].
	TimeLeft time.Duration
	// Wants is the flags, as in [Marker].
	snapshot.Wants
}

// Type returns TypeJoin.
func (Join) Type() Type { return TypeJoin }

// String returns the fields.
func (j Join) String() string {
	return fmt.Sprintf("join %s (assembler %s, %s left%s)", shown(j.Snapshot), shown(j.Assembler), j.TimeLeft, wantsText(j.Wants))
}

func (j Join) append(b []byte) []byte {
	b = appendName(b, "snapshot", j.Snapshot)
	b = appendName(b, "assembler", j.Assembler)
	b = appendDuration(b, j.TimeLeft)
	return append(b, flagsOf(j.Wants))
}

func decodeJoin(d *decoder) Frame {
	j := Join{
		Snapshot:  snapshot.ID(d.name("snapshot")),
		Assembler: snapshot.ProcessID(d.name("assembler")),
		TimeLeft:  d.duration("time left"),
	}
	j.Wants = d.wants()
	return j
}
