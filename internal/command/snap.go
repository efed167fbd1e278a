package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/verify"
	"chandy/wire"
)

// snapArgument says in each help what SNAP is.
const snapArgument = `SNAP is a file, - for stdin, or now: then the command takes a snapshot of the
running cluster. Without SNAP it is now. A saved snapshot is named by its id, its
name, or latest, with the cluster down too (chandy snapshots lists them). What has
a / in it or ends in .json is a file.`

// now is the SNAP that means: take a snapshot.
const now = "now"

// snapFlags returns the flags of a command that can take a snapshot.
func snapFlags() []cli.Flag {
	return []cli.Flag{clusterFlag(), snapTimeoutFlag()}
}

func snapTimeoutFlag() cli.Flag {
	return &cli.StringFlag{Name: "timeout", Usage: "D: take as long as D for a snapshot of the running cluster (default: timeout in [snapshot] of the cluster file, or 10s)"}
}

// snap is a snapshot that the user has named.
type snap struct {
	name   string // for people
	text   []byte
	report *verify.Report
}

// write writes the snapshot and a line end.
func (s snap) write(w io.Writer) error {
	for _, text := range [][]byte{bytes.TrimSpace(s.text), {'\n'}} { // what follows s.text may be the next snapshot
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// snaps calls do for each snapshot that the arguments name. A file may have several. It is
// the one place that knows what SNAP means. An error of do ends it.
func (e *env) snaps(c *cli.Context, names []string, do func(snap) error) error {
	if len(names) == 0 {
		names = []string{now}
	}
	for _, name := range names {
		if err := e.snapsOf(c, name, do); err != nil {
			return err
		}
	}
	return nil
}

func (e *env) snapsOf(c *cli.Context, name string, do func(snap) error) error {
	p, err := locate(c, name)
	switch {
	case err != nil:
		return err
	case p.now:
		s, err := e.takeNow(c)
		if err != nil {
			return err
		}
		return do(s)
	case p.file == "":
		text, err := p.text()
		if err != nil {
			return err
		}
		return eachDocument(p.title, text, do)
	}
	in, err := e.openFile(p.file)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := readAll(in)
	if err != nil {
		return fail(exitUsage, "", "%s: %w", p.title, err)
	}
	return eachDocument(p.title, text, do)
}

// openFile opens the file that SNAP names, or stdin.
func (e *env) openFile(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(e.Stdin), nil
	}
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fail(exitUsage, "SNAP is a file, - for stdin, now, latest, or the id or the name of a saved snapshot", "no file %s", name)
	}
	if err != nil {
		return nil, fail(exitUsage, "", "%w", err)
	}
	return f, nil
}

// oneSnap returns the snapshot that an argument names. An empty one means now. A file must have only one.
func (e *env) oneSnap(c *cli.Context, name string) (s snap, err error) {
	n := 0
	err = e.snaps(c, []string{name}, func(one snap) error {
		if n++; n > 1 {
			return fail(exitUsage, "", "%s has more than one snapshot", name)
		}
		s = one
		return nil
	})
	return s, err
}

// readAll reads a file into memory of exactly its size, if that is known.
func readAll(in io.Reader) ([]byte, error) {
	var all bytes.Buffer
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			all.Grow(int(info.Size()) + bytes.MinRead)
		}
	}
	_, err := all.ReadFrom(in)
	return all.Bytes(), err
}

// collectOften makes the garbage collector run more often if a command has a long text in
// memory. By default it waits until the memory in use has doubled, which is by far more than
// a command needs besides the text. The text has no pointers, so a run costs little.
func collectOften(length int) {
	const long = 64 << 20
	if length > long {
		debug.SetGCPercent(25)
	}
}

// eachDocument verifies the snapshots of a text and calls do for each.
func eachDocument(title string, text []byte, do func(snap) error) error {
	collectOften(len(text))
	documents, err := verify.Open(bytes.NewReader(text))
	if err != nil {
		return fail(exitUsage, "", "%s: %w", title, err)
	}
	begin := int64(0)
	if bytes.HasPrefix(text, []byte("\xEF\xBB\xBF")) {
		begin = 3
	}
	for n := 1; ; n++ {
		name := title
		if n > 1 {
			name = fmt.Sprintf("%s, snapshot %d", title, n)
		}
		report, err := documents.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fail(exitUsage, "", "%s: %w", name, err)
		}
		end := documents.Offset()
		if err := do(snap{name, text[begin:end], report}); err != nil {
			return err
		}
		begin = end
	}
}

// takeNow takes a snapshot of the running cluster, which may be partial.
func (e *env) takeNow(c *cli.Context) (snap, error) {
	cluster, err := cmdline.LoadCluster(c)
	if err != nil {
		return snap{}, err
	}
	timeout, err := duration(c, "timeout", cluster.Snapshot.Timeout)
	if err != nil {
		return snap{}, err
	}
	i := e.initiator(cluster)
	i.journal = c.Bool("journal") // of the commands that have this flag
	return i.now(c.Context, timeout)
}

// now takes a snapshot into memory.
func (i *initiator) now(ctx context.Context, timeout time.Duration) (s snap, err error) {
	deadline := time.Now().Add(timeout)
	client, err := i.connect(ctx)
	if err != nil {
		return snap{}, err
	}
	defer client.Close()
	var text bytes.Buffer
	request := wire.InitiateRequest{At: i.at, TimeoutMS: max(1, time.Until(deadline).Milliseconds()), Journal: i.journal}
	if _, err := i.take(ctx, client, request, direct{&text}); err != nil {
		return snap{}, err
	}
	err = eachDocument("the snapshot", text.Bytes(), func(one snap) error { s = one; return nil })
	return s, err
}
