package command

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"chandy/internal/verify"
)

func (e *env) verify() *cli.Command {
	return &cli.Command{
		Name: "verify",
		CustomHelpTemplate: `usage: chandy verify FILE...

Checks snapshots without asking the cluster: their structure, and whether each cut
is consistent. A cut is consistent if, on every channel, received <= sent and the
recorded messages are exactly the numbers received+1 to sent, in order. Both ends
must also have counted in the same pair of incarnations: no restart in between.

A FILE named - is stdin.

exit codes: 0 all are complete and consistent; 1 one is partial or inconsistent;
2 bad usage, or one is not a snapshot or cannot be read.

example:
  chandy initiate > snapshot.json; chandy verify snapshot.json
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, -1, "FILE..."); err != nil {
				return err
			}
			var worst error
			for _, path := range c.Args().Slice() {
				worst = worse(worst, e.verifyFile(path))
			}
			return worst
		},
	}
}

// verifyFile checks one file and prints the result. If the file is not a snapshot, it
// prints an error on stderr, so that the other files can be checked.
func (e *env) verifyFile(path string) error {
	in, name := e.Stdin, "stdin"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return e.notSnapshot(err)
		}
		defer f.Close()
		in, name = f, path
	}
	report, err := verify.Check(in)
	if err != nil {
		return e.notSnapshot(fmt.Errorf("%s: %w", name, err))
	}
	return e.printReport(name, report)
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
