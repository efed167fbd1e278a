package snapfile

import (
	"io"

	"chandy/internal/saved"
)

// WriteJSON writes the snapshot as a document, see [snapshot.Global.WriteJSON]. One state at
// a time is in memory. If WriteJSON returns an error, what it wrote is no document.
func (d *Saved) WriteJSON(w io.Writer, compact bool) error {
	parts := make([]*saved.Part, len(d.parts))
	for i, p := range d.parts {
		copied := *p
		copied.State = d.state(p)
		parts[i] = &copied
	}
	g, err := saved.Document(d.Manifest, parts)
	if err != nil {
		return &saved.CorruptError{Object: "snapshots/" + string(d.ID), Differ: err.Error()}
	}
	err = g.WriteJSON(&unlessFailed{w, d}, compact)
	if d.err != nil {
		return d.err
	}
	return err
}

// unlessFailed writes nothing more once a state could not be read. The document would call
// it the error of a program.
type unlessFailed struct {
	io.Writer
	saved *Saved
}

func (u *unlessFailed) Write(b []byte) (int, error) {
	if u.saved.err != nil {
		return 0, u.saved.err
	}
	return u.Writer.Write(b)
}
