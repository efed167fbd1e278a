package command

import (
	"errors"
	"io"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/internal/saved"
	"chandy/internal/snapfile"
)

// verifySaved checks a saved snapshot: the manifest, every part, and the document that they
// make, which is never in memory as a whole.
func (e *env) verifySaved(p located, cluster *config.Cluster) error {
	d, err := snapfile.Open(p.store, p.id)
	if err != nil {
		return e.notSaved(p, err)
	}
	bytes, largest := 0, 0
	for _, one := range d.Processes {
		bytes, largest = bytes+int(one.Part.Bytes), max(largest, int(one.Part.Bytes))
	}
	collectOften(largest)
	in, out := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		err := d.WriteJSON(out, true)
		failed <- err
		out.CloseWithError(err)
	}()
	outcome := e.verifyStream(in, p.title, cluster)
	in.CloseWithError(io.ErrClosedPipe)
	if err := <-failed; err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return e.notSaved(p, err)
	}
	printLine(e.Stdout, "%s: saved: %s, %s, as they were written", p.title, count(len(d.Processes), "part", "parts"), size(bytes))
	for _, one := range d.Processes {
		if !one.Restorable {
			printLine(e.Stdout, "%s: %s cannot be restored: %s", p.title, one.ID, one.WhyNot)
		}
	}
	for _, s := range d.Skipped {
		printLine(e.Stdout, "%s: skipped: no program will receive %s->%s#%d", p.title, s.From, s.To, s.Seq)
	}
	return outcome
}

// notSaved prints what is corrupt in a saved snapshot, or why it cannot be read.
func (e *env) notSaved(p located, err error) error {
	var corrupt *saved.CorruptError
	if !errors.As(err, &corrupt) {
		return e.notSnapshot(storeFailure(err))
	}
	for _, line := range cmdline.ErrorLines(err) {
		printLine(e.Stdout, "%s: fault: %s", p.title, line)
	}
	return errNo
}
