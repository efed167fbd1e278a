package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"chandy/internal/try"
)

func (e *env) try() *cli.Command {
	return &cli.Command{
		Name:      "try",
		Usage:     "check how a program in any language behaves under chandy",
		ArgsUsage: "-- COMMAND",
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "request", Usage: "JSON: a request that the program answers; a counter replaces %d in it. Repeatable (default: Maelstrom's requests)", Value: &texts{}},
			&cli.StringFlag{Name: "state", Usage: "S: how the program shows its state: snapshot, none, or a request as JSON (default: try several)"},
			&cli.GenericFlag{Name: "env", Usage: "NAME=VALUE: set a variable in the program's environment. Repeatable", Value: &texts{}},
			&cli.BoolFlag{Name: "pace", Usage: "check with pace = true in [program]"},
			&cli.IntFlag{Name: "line-limit", Usage: "N: check with line_limit = N bytes and send no longer line"},
			&cli.StringFlag{Name: "settle-timeout", Usage: "D: check with settle_timeout = D"},
			&cli.IntFlag{Name: "nodes", Usage: "N: run N children as a cluster, n0 and so on, and send the requests to n0", Value: 1},
			&cli.IntFlag{Name: "burst", Usage: "N: requests before and after each snapshot (default: 200, fewer if the program is slow)"},
			&cli.IntFlag{Name: "rounds", Usage: "N: number of snapshots to compare (default: 10)", Value: 10},
			&cli.StringFlag{Name: "timeout", Usage: "D: the time for each answer (default: 5s)"},
			&cli.BoolFlag{Name: "json", Usage: "print the results as JSON"},
			&cli.BoolFlag{Name: "verbose", Usage: "copy the program's stderr to stderr"},
		},
		CustomHelpTemplate: `usage: chandy try [flags] -- COMMAND [ARG...]

Checks how a program in any language behaves under chandy, as a process of kind
"exec". Each check runs COMMAND anew and says whether it works and, if not, what to
do about it. The checks are: init, replies, two requests at once, an unknown request,
a long line, line ends, the end of input, bad output, the program's state, whether
snapshots are exact, and whether a new run restores a state. At the end it prints a
[program] table for your cluster file.

{flags}

exit codes: 0 everything checked works; 1 something does not; 2 bad usage; 3 the
program could not be started, a check was unclear, or interrupted.

example, with a program that answers everything:
  chandy try --state none -- jq -c --unbuffered \
    '{dest: .src, body: {type: (.body.type + "_ok"), in_reply_to: .body.msg_id}}'
`,
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return fail(exitUsage, "usage: chandy try [flags] -- COMMAND [ARG...]", "try: COMMAND is missing")
			}
			return e.runTry(c)
		},
	}
}

// texts holds the values of a repeatable flag. Unlike the library's slice flag it
// does not split a value at commas.
type texts []string

func (t *texts) Set(text string) error { *t = append(*t, text); return nil }
func (t *texts) String() string        { return strings.Join(*t, " ") }

// tryMost is the upper limit of --burst and --rounds.
const tryMost = 10_000

// nodesMost is the upper limit of --nodes. Each condition starts so many children.
const nodesMost = 25

func (e *env) runTry(c *cli.Context) error {
	timeout, err := duration(c, "timeout", 0)
	if err != nil {
		return err
	}
	settle, err := duration(c, "settle-timeout", 0)
	if err != nil {
		return err
	}
	o := try.Options{
		Command: c.Args().Slice(), Env: map[string]string{}, Requests: *c.Generic("request").(*texts), State: c.String("state"),
		Pace: c.Bool("pace"), LineLimit: c.Int("line-limit"), SettleTimeout: settle,
		Nodes: c.Int("nodes"), Burst: c.Int("burst"), Rounds: c.Int("rounds"), Limit: timeout,
	}
	if o.Nodes < 1 || o.Nodes > nodesMost {
		return fail(exitUsage, "", "--nodes must be from 1 to %d, not %d", nodesMost, o.Nodes)
	}
	for _, flag := range []string{"burst", "rounds"} {
		if n := c.Int(flag); c.IsSet(flag) && n < 1 || n > tryMost {
			return fail(exitUsage, "", "--%s must be from 1 to %d, not %d", flag, tryMost, n)
		}
	}
	if c.IsSet("line-limit") && o.LineLimit <= 0 {
		return fail(exitUsage, "", "--line-limit must be a number of bytes from 1 on, not %d", o.LineLimit)
	}
	for _, variable := range *c.Generic("env").(*texts) {
		name, value, ok := strings.Cut(variable, "=")
		if !ok {
			return fail(exitUsage, "", "--env must be NAME=VALUE, not %q", variable)
		}
		o.Env[name] = value
	}
	line := &progressLine{}
	if !c.Bool("verbose") { // the lines of the program show progress themselves
		line = e.progress()
	}
	o.Begun = func(condition string) { line.say("%s …", condition) }
	o.Told = func(r try.Result) {
		line.clear()
		if !c.Bool("json") {
			tellResult(e.Stdout, r)
		}
	}
	if c.Bool("verbose") {
		var mu sync.Mutex
		o.Errors = func(condition, line string) {
			mu.Lock()
			defer mu.Unlock()
			printLine(e.Stderr, "%s | %s", condition, line)
		}
	}
	report, err := try.Run(c.Context, o)
	line.clear()
	if err != nil {
		return notTried(err)
	}
	if c.Bool("json") {
		err = e.printTryJSON(report)
	} else {
		summarise(e.Stdout, report)
	}
	switch worst := report.Worst(); {
	case err != nil:
		return err
	case worst == try.Not:
		return errNo
	case worst == try.Unclear:
		return &failure{Code: exitUnknown}
	}
	return nil
}

func notTried(err error) error {
	var bad *try.CheckError
	switch {
	case errors.Is(err, context.Canceled):
		return fail(exitUnknown, "", "interrupted")
	case errors.As(err, &bad):
		return fail(exitUsage, "chandy help try lists the flags", "try: %w", err)
	case errors.Is(err, try.ErrStart):
		return fail(exitUnknown, "chandy looks for a program without a slash in its name in $PATH", "the program %w", err)
	}
	return fail(exitUnknown, "", "try: %w", err)
}

func tellResult(out io.Writer, r try.Result) {
	printLine(out, "%-15s  %-9s  %s", r.Condition, r.Verdict, r.Text)
	if r.Advice != "" {
		printLine(out, "%-15s  %-9s  -> %s", "", "", r.Advice)
	}
}

// summarise prints which conditions failed or were unclear, and the settings for the
// cluster file if anything works.
func summarise(out io.Writer, r *try.Report) {
	by := map[try.Verdict][]string{}
	for _, one := range r.Results {
		by[one.Verdict] = append(by[one.Verdict], one.Condition)
	}
	printExact(out, "\n")
	switch {
	case len(by[try.Not]) > 0:
		printLine(out, "Does not work: %s.", strings.Join(by[try.Not], ", "))
	case len(by[try.Unclear]) > 0:
		printLine(out, "No check failed.")
	default:
		printLine(out, "Everything that was checked works.")
	}
	if len(by[try.Unclear]) > 0 {
		printLine(out, "Unclear: %s.", strings.Join(by[try.Unclear], ", "))
	}
	if len(by[try.Works]) == 0 {
		return
	}
	printExact(out, "In the cluster file:\n\n"+r.Program)
	for _, id := range r.Services {
		printExact(out, fmt.Sprintf("\n[[process]] # the program sends to this Maelstrom service\nid = %q\naddress = \"127.0.0.1:…\"\nprogram = { kind = %q }\n", id, id))
	}
}

func (e *env) printTryJSON(r *try.Report) error {
	out := json.NewEncoder(e.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(r)
}
