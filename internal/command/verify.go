package command

import (
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/internal/verify"
)

func (e *env) verify() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check that snapshots are complete and consistent",
		ArgsUsage: "FILE...",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "cluster", Usage: "FILE: check too that each snapshot has the processes and channels of this cluster file: nothing else shows that one was left out"},
		},
		CustomHelpTemplate: `usage: chandy verify [flags] FILE...

Checks snapshots without asking the cluster: their structure, and whether each cut
is consistent. A cut is consistent if, on every channel, received <= sent and the
recorded messages are exactly the numbers received+1 to sent, in order. Both ends
must also have counted in the same pair of incarnations: no restart in between.

A FILE named - is stdin. It may have several snapshots, one after the other.

{flags}

exit codes: 0 all are complete and consistent; 1 one is partial or inconsistent;
2 bad usage, or one is not a snapshot or cannot be read.

example:
  chandy initiate > snapshot.json; chandy verify snapshot.json
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, -1, "FILE..."); err != nil {
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
			for _, path := range c.Args().Slice() {
				worst = worse(worst, e.verifyFile(path, cluster))
			}
			return worst
		},
	}
}

// verifyFile checks the snapshots of a file and prints the results. It compares them with
// the cluster, if that is non-nil. If the file is not a snapshot, it prints an error on
// stderr, so that the other files can be checked.
func (e *env) verifyFile(path string, cluster *config.Cluster) error {
	in, name := e.Stdin, "stdin"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return e.notSnapshot(err)
		}
		defer f.Close()
		in, name = f, path
	}
	documents, err := verify.Open(in)
	if err != nil {
		return e.notSnapshot(fmt.Errorf("%s: %w", name, err))
	}
	var worst error
	for n := 1; ; n++ {
		place := name
		if n > 1 {
			place = fmt.Sprintf("%s, snapshot %d", name, n)
		}
		report, err := documents.Next()
		switch {
		case err == io.EOF:
			return worst
		case err != nil:
			return worse(worst, e.notSnapshot(fmt.Errorf("%s: %w", place, err)))
		}
		if cluster != nil {
			report.Compare(cluster.Name, namesOf(cluster.IDs()), namesOf(cluster.Channels()))
		}
		worst = worse(worst, e.printReport(place, report))
	}
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

func (e *env) notSnapshot(err error) error {
	(&failure{Err: err}).Print(e.Stderr, e.Name)
	return &failure{Code: exitUsage}
}

// worse returns the error with the higher exit code.
func worse(a, b error) error {
	code := func(err error) int {
		if f, ok := err.(*failure); ok {
			return f.Code
		}
		return exitYes
	}
	if code(b) > code(a) {
		return b
	}
	return a
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
