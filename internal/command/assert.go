package command

import (
	"github.com/urfave/cli/v2"

	"chandy/internal/question"
	"chandy/internal/question/eval"
)

// words is the list of words in the help of the commands that take expressions.
const words = `An expression is in the language of jq, and "." is the snapshot. It also has words
about the whole snapshot, whatever "." is at their place:

  states                 an object from the id of each process to its state
  in_flight              each message in flight: {from, to, seq, payload}
  in_flight("p1"; "p2")  those on one channel
  total(f; g)            the sum of f over the states and of g over the payloads
                         in flight
  each(f)                f is true of every state
  same(f)                f has the same value in all states
  at_most_one(f)         f is true of at most one state
  exactly_one(f; g)      states with f and payloads in flight with g are one
  subset(f; g)           the values of f over the states are among those of g
  terminated             every process is idle and no message is in flight
  deadlocked             processes wait for each other in a circle, each for all in
                         the field waiting_for; deadlocked(f) for all in f
  deadlocked_any(f)      processes wait only for each other, each for any in f
  stalled                processes wait for answers, and only a timer or a client
                         can move them

A field must exist: .balnce is an error, .balnce? and .balnce // 0 are not. Values
that are compared must have the same type, and none may be null unless null is
written. A condition must be true or false.`

func (e *env) assert() *cli.Command {
	return &cli.Command{
		Name:      "assert",
		Usage:     "say whether an expression is true of a snapshot",
		ArgsUsage: "EXPR [SNAP]",
		Flags:     append(append(snapFlags(), questionFlags()...), stableFlag()),
		CustomHelpTemplate: `usage: chandy assert [flags] EXPR [SNAP]

Prints yes, no, or "cannot tell" and the reason. The values of the words in EXPR
go to stderr, each with the processes or messages that it is about. A partial
snapshot is never a yes.

` + snapArgument + `

` + words + `

{flags}

exit codes: 0 yes; 1 no; 2 bad usage or configuration, or EXPR cannot be parsed;
3 cannot tell, or nobody answered.

example:
  chandy assert 'total(.balance; .amount) == 3000'
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, 2, "EXPR [SNAP]"); err != nil {
				return err
			}
			q, err := e.questions(c, c.Args().First())
			if err != nil {
				return err
			}
			defer q.close()
			s, err := e.oneSnap(c, c.Args().Get(1))
			if err != nil {
				return err
			}
			answers, err := q.ask(c.Context, s)
			if err != nil {
				return fail(exitUnknown, "", "cannot tell: %w", err)
			}
			a := answers[0]
			e.notes(a)
			if a.Verdict != question.Unknown {
				printLine(e.Stdout, "%v", a.Verdict)
				if a.Why != "" {
					printLine(e.Stderr, "chandy: %s", a.Why)
				}
				printLine(e.Stderr, "chandy: %s", meaning(a.Verdict, c.Bool("stable") || eval.Stable(c.Args().First())))
			}
			return verdictError(a)
		},
	}
}

func stableFlag() cli.Flag {
	return &cli.BoolFlag{Name: "stable", Usage: "EXPR stays true once it is true, so a yes holds now; known of terminated and deadlocked"}
}

// meaning says what an answer is worth (Chandy & Lamport 1985, sections 4 and 5).
func meaning(v question.Verdict, stable bool) string {
	switch {
	case stable && v == question.Yes:
		return "it is stable and true of the recorded state, so it holds now"
	case stable:
		return "it is stable and false of the recorded state, so it did not hold when the snapshot began"
	case v == question.Yes:
		return "it holds of the recorded state, which may have occurred; --stable if it stays true once it is"
	}
	return "it does not hold of the recorded state, which may have occurred"
}
