package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/internal/saved"
	"chandy/internal/verify"
)

func (e *env) verify() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check that snapshots are complete and consistent",
		ArgsUsage: "[SNAP...]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "cluster", Usage: "FILE: check too that each snapshot has the processes and channels of this cluster file: nothing else shows that one was left out"},
			snapTimeoutFlag(),
		},
		CustomHelpTemplate: `usage: chandy verify [flags] [SNAP...]

Checks snapshots: their structure, and whether each cut is consistent. A cut is
consistent if, on every channel, received <= sent and the recorded messages are
exactly the numbers received+1 to sent, in order. Both ends must also have counted in
the same pair of incarnations: no restart in between.

` + snapArgument + `
A file may have several snapshots, one after the other. No node is asked about them.
Of a saved snapshot the parts are read too: each must have the hash of the manifest
and hold exactly what belongs to the cut, and together they must prove the cut.

{flags}

exit codes: 0 all are complete and consistent; 1 one is partial, inconsistent or
corrupt; 2 bad usage, or one is not a snapshot or cannot be read; 3 no snapshot could
be taken, or the store cannot be read.

example:
  chandy initiate > snapshot.json; chandy verify snapshot.json
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, -1, "[SNAP...]"); err != nil {
				return err
			}
			var cluster *config.Cluster
			if c.IsSet("cluster") {
				var err error
				if cluster, err = cmdline.LoadCluster(c); err != nil {
					return err
				}
			}
			var worst error
			names := c.Args().Slice()
			if len(names) == 0 {
				names = []string{now}
			}
			for _, name := range names {
				worst = worse(worst, e.verifySnap(c, name, cluster))
			}
			return worst
		},
	}
}

// verifySnap checks the snapshots that SNAP names and prints the results. It compares them
// with the cluster, if that is non-nil. If SNAP is not a snapshot, it prints an error on
// stderr, so that the others can be checked. A document is read as a stream, so that its size
// does not matter.
func (e *env) verifySnap(c *cli.Context, snap string, cluster *config.Cluster) error {
	p, err := locate(c, snap)
	var corrupt *saved.CorruptError
	switch {
	case errors.As(err, &corrupt):
		return e.notSaved(located{title: snap}, corrupt)
	case err != nil:
		return e.notSnapshot(err)
	case p.now:
		s, err := e.takeNow(c)
		if err != nil {
			return e.notSnapshot(err)
		}
		return e.printCompared(s.name, s.report, cluster)
	case p.file == "":
		return e.verifySaved(p, cluster)
	}
	in, err := e.openFile(p.file)
	if err != nil {
		return e.notSnapshot(err)
	}
	defer in.Close()
	return e.verifyStream(in, p.title, cluster)
}

// verifyStream checks the snapshots of a stream.
func (e *env) verifyStream(in io.Reader, title string, cluster *config.Cluster) error {
	documents, err := verify.Open(in)
	if err != nil {
		return e.notSnapshot(fmt.Errorf("%s: %w", title, err))
	}
	var worst error
	for n := 1; ; n++ {
		place := title
		if n > 1 {
			place = fmt.Sprintf("%s, snapshot %d", title, n)
		}
		report, err := documents.Next()
		switch {
		case err == io.EOF:
			return worst
		case err != nil:
			return worse(worst, e.notSnapshot(fmt.Errorf("%s: %w", place, err)))
		}
		worst = worse(worst, e.printCompared(place, report, cluster))
	}
}

// printCompared prints a report after it was compared with the cluster, if that is non-nil.
func (e *env) printCompared(name string, r *verify.Report, cluster *config.Cluster) error {
	if cluster != nil {
		r.Compare(cluster.Name, namesOf(cluster.IDs()), namesOf(cluster.Channels()))
	}
	return e.printReport(name, r)
}

// namesOf formats processes or channels.
func namesOf[T any](all []T) []string {
	var names []string
	for _, one := range all {
		names = append(names, fmt.Sprint(one))
	}
	return names
}

func (e *env) printReport(name string, r *verify.Report) error {
	verdict := r.Status + " and consistent"
	if !r.Consistent() {
		verdict = "inconsistent"
	}
	printLine(e.Stdout, "%s: %s: %s, %s, %s in flight", name, verdict,
		count(r.Processes, "process", "processes"), count(r.Channels, "channel", "channels"), count(r.Messages, "message", "messages"))
	if r.Reset > 0 {
		printLine(e.Stdout, "%s: %s began anew because a process restarted: messages were discarded before the cut", name, count(r.Reset, "channel", "channels"))
	}
	for _, f := range r.Faults {
		printLine(e.Stdout, "%s: fault: %s", name, f)
	}
	for _, m := range r.Missing {
		printLine(e.Stdout, "%s: missing: %s", name, m)
	}
	if !r.OK() {
		return errNo
	}
	return nil
}

// notSnapshot prints why there is no snapshot, and returns a failure without a text.
func (e *env) notSnapshot(err error) error {
	f, ok := err.(*failure)
	if !ok {
		f = &failure{Code: exitUsage, Err: err}
	}
	f.Print(e.Stderr, e.Name)
	return &failure{Code: f.Code}
}

// worse returns the error with the higher exit code.
func worse(a, b error) error {
	if exitCode(b) > exitCode(a) {
		return b
	}
	return a
}

// exitCode returns the exit code for the error of a command, which may be nil.
func exitCode(err error) int {
	if f, ok := err.(*failure); ok {
		return f.Code
	}
	return exitYes
}

// countOf says how many there are of all, or only how many if there are all of them.
func countOf(n, all int, one, many string) string {
	if n == all {
		return count(n, one, many)
	}
	return fmt.Sprintf("%d of %s", n, count(all, one, many))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
