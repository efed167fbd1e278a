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
		Name: "try",
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "request", Value: &texts{}}, &cli.StringFlag{Name: "state"}, &cli.GenericFlag{Name: "env", Value: &texts{}},
			&cli.BoolFlag{Name: "pace"}, &cli.IntFlag{Name: "line-limit"}, &cli.StringFlag{Name: "settle-timeout"},
			&cli.IntFlag{Name: "burst"}, &cli.IntFlag{Name: "rounds", Value: 10}, &cli.StringFlag{Name: "timeout"},
			&cli.BoolFlag{Name: "json"}, &cli.BoolFlag{Name: "verbose"},
		},
		CustomHelpTemplate: `usage: chandy try [flags] -- COMMAND [ARG...]

Starts a program in any language (kind "exec") under one condition after the other,
each on a fresh child, and says what works, what does not and what to do about it:
init, replies, two requests at once, an unknown request, a long line, the end of
its input, its state, whether its snapshots are exact, and whether a fresh child
takes a state back. Prints the [program] of a cluster file that fits.

      --request JSON       a request that it answers; "%d" in it counts up.
                           Repeatable (default: those of Maelstrom's workloads)
      --state S            snapshot, none, or a request that shows its state, as
                           JSON (default: what it answers)
      --env NAME=VALUE     a variable for its environment. Repeatable
      --pace               with pace = true
      --line-limit N       with line_limit, in bytes: no longer line is tried
      --settle-timeout D   with settle_timeout
      --burst N            requests before and after each snapshot (default: 200,
                           fewer if it is slow)
      --rounds N           snapshots that are compared (default: 10)
      --timeout D          how long each answer may take (default: 5s)
      --json               write the results as JSON
      --verbose            write what it prints on stderr to stderr

exit codes: 0 all that was asked works; 1 something does not; 2 bad usage; 3 it
could not be started, something could not be found out, or interrupted.

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

// texts are the values of a flag that may be given more than once. A comma in one is
// nothing special, as it is to the library's.
type texts []string

func (t *texts) Set(text string) error { *t = append(*t, text); return nil }
func (t *texts) String() string        { return strings.Join(*t, " ") }

// tryMost is the most that --burst and --rounds may be.
const tryMost = 10_000

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
		Burst: c.Int("burst"), Rounds: c.Int("rounds"), Limit: timeout,
	}
	for _, flag := range []string{"burst", "rounds"} {
		if n := c.Int(flag); c.IsSet(flag) && n < 1 || n > tryMost {
			return fail(exitUsage, "", "--%s must be from 1 to %d, not %d", flag, tryMost, n)
		}
	}
	if c.IsSet("line-limit") && o.LineLimit <= 0 {
		return fail(exitUsage, "", "--line-limit must be a number of bytes, not %d", o.LineLimit)
	}
	for _, variable := range *c.Generic("env").(*texts) {
		name, value, ok := strings.Cut(variable, "=")
		if !ok {
			return fail(exitUsage, "", "--env must be NAME=VALUE, not %q", variable)
		}
		o.Env[name] = value
	}
	if !c.Bool("json") {
		o.Told = func(r try.Result) { tellResult(e.stdout, r) }
	}
	if c.Bool("verbose") {
		var mu sync.Mutex
		o.Errors = func(condition, line string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(e.stderr, "%s | %s\n", condition, line)
		}
	}
	report, err := try.Run(c.Context, o)
	if err != nil {
		return notTried(err)
	}
	if c.Bool("json") {
		err = e.printTryJSON(report)
	} else {
		summarise(e.stdout, report)
	}
	switch worst := report.Worst(); {
	case err != nil:
		return err
	case worst == try.Not:
		return errNo
	case worst == try.Unclear:
		return &failure{code: exitUnknown}
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
		return fail(exitUnknown, "a program without a slash in its name is looked for in $PATH", "the program %w", err)
	}
	return fail(exitUnknown, "", "try: %w", err)
}

func tellResult(out io.Writer, r try.Result) {
	fmt.Fprintf(out, "%-15s  %-9s  %s\n", r.Condition, r.Verdict, r.Text)
	if r.Advice != "" {
		fmt.Fprintf(out, "%-15s  %-9s  -> %s\n", "", "", r.Advice)
	}
}

// summarise says in plain words what the results come to.
func summarise(out io.Writer, r *try.Report) {
	by := map[try.Verdict][]string{}
	for _, one := range r.Results {
		by[one.Verdict] = append(by[one.Verdict], one.Condition)
	}
	fmt.Fprintln(out)
	switch {
	case len(by[try.Not]) > 0:
		fmt.Fprintf(out, "Does not work: %s.\n", strings.Join(by[try.Not], ", "))
	case len(by[try.Unclear]) > 0:
		fmt.Fprintln(out, "Nothing was found that does not work.")
	default:
		fmt.Fprintln(out, "Everything that was asked works.")
	}
	if len(by[try.Unclear]) > 0 {
		fmt.Fprintf(out, "Not found out: %s.\n", strings.Join(by[try.Unclear], ", "))
	}
	if len(by[try.Works]) == 0 {
		return
	}
	fmt.Fprintf(out, "In the cluster file:\n\n%s", r.Program)
	for _, id := range r.Services {
		fmt.Fprintf(out, "\n[[process]] # it sends to this service of Maelstrom\nid = %q\naddress = \"127.0.0.1:…\"\nprogram = { kind = %q }\n", id, id)
	}
}

func (e *env) printTryJSON(r *try.Report) error {
	out := json.NewEncoder(e.stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(r)
}
