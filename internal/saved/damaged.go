package saved

import (
	"errors"

	"chandy/snapshot"
)

// Damaged says that a snapshot that was saved is proved corrupt. A node that cannot read its
// part writes it to the store, so that all nodes leave the snapshot out.
type Damaged struct {
	ID     snapshot.ID `json:"id"`
	Object string      `json:"object"` // that is corrupt
	Differ string      `json:"differ"` // how it differs from what was saved
}

// Format returns the format of the record.
func (*Damaged) Format() string { return "chandy/damaged.v1" }

// Check returns what is wrong with the record.
func (d *Damaged) Check() error {
	if d.Object == "" {
		return errors.New("no object")
	}
	return CheckID(d.ID)
}

func (d Damaged) String() string { return (&CorruptError{d.Object, d.Differ}).Error() }
