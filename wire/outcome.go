package wire

import (
	"errors"
	"fmt"

	"chandy/snapshot"
)

// Statuses of an [Outcome].
const (
	StatusComplete = "complete" // every part came, and the cut is consistent
	StatusPartial  = "partial"  // something is missing
	StatusUnknown  = "unknown"  // the assembler has no such snapshot in progress
)

// Outcome tells a process that sent its part how the snapshot ended. The assembler sends
// it.
type Outcome struct {
	Snapshot snapshot.ID
	// Status is StatusComplete, StatusPartial or StatusUnknown.
	Status string
	// Text says more, for people. It may be empty. Append cuts it to TextMax bytes.
	Text string
}

// Type returns TypeOutcome.
func (Outcome) Type() Type { return TypeOutcome }

// String returns the fields.
func (o Outcome) String() string {
	return fmt.Sprintf("outcome of %s: %s %q", shown(o.Snapshot), shown(o.Status), o.Text)
}

func (o Outcome) append(b []byte) []byte {
	if err := o.fault(); err != nil {
		bug("outcome: %v", err)
	}
	b = appendName(b, "snapshot", o.Snapshot)
	b = appendName(b, "status", o.Status)
	return appendText(b, o.Text)
}

func decodeOutcome(d *decoder) Frame {
	o := Outcome{
		Snapshot: snapshot.ID(d.name("snapshot")),
		Status:   d.name("status"),
		Text:     d.text("text"),
	}
	d.check(o.fault())
	return o
}

func (o Outcome) fault() error {
	switch o.Status {
	case StatusComplete, StatusPartial, StatusUnknown:
		return nil
	}
	return errors.New(`status is not "complete", "partial" or "unknown"`)
}
