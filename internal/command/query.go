package command

import (
	"encoding/json"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/question"
)

func (e *env) query() *cli.Command {
	return &cli.Command{
		Name:      "query",
		Usage:     "print the value of an expression over snapshots",
		ArgsUsage: "EXPR [SNAP...]",
		Flags: append(append(snapFlags(), questionFlags()...),
			&cli.BoolFlag{Name: "raw", Usage: "print a text without its quotes"}),
		CustomHelpTemplate: `usage: chandy query [flags] EXPR [SNAP...]

Prints the value of EXPR over each snapshot, as JSON on one line.

` + snapArgument + `
A file may have several snapshots, one after the other.

EXPR is an expression in the language of jq, with words about the snapshot: chandy
help assert lists them.

{flags}

exit codes: 0 printed; 2 bad usage or configuration, or EXPR cannot be parsed;
3 it has no value for a snapshot, or nobody answered.

example:
  chandy query 'total(.balance; .amount)'
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, -1, "EXPR"); err != nil {
				return err
			}
			expression := c.Args().First()
			q, err := e.questions(c, expression)
			if err != nil {
				return err
			}
			defer q.close()
			return e.snaps(c, c.Args().Tail(), func(s snap) error {
				answer, err := q.query(c.Context, expression, s)
				if err != nil {
					return fail(exitUnknown, "", "%s: %w", s.name, err)
				}
				if answer.Verdict == question.Unknown {
					return fail(exitUnknown, "", "%s: %s", s.name, answer.Why)
				}
				for _, v := range answer.Values {
					printValue(e, v, c.Bool("raw"))
				}
				return nil
			})
		},
	}
}

// printValue prints a value on a line of its own. A terminal gets printable characters only.
func printValue(e *env, value json.RawMessage, raw bool) {
	line := string(value)
	var text string
	if raw && json.Unmarshal(value, &text) == nil {
		line = text
	}
	if cmdline.IsTerminal(e.Stdout) {
		printLine(e.Stdout, "%s", line)
	} else {
		printExact(e.Stdout, line+"\n")
	}
}
