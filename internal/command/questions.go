package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/question"
	"chandy/internal/question/eval"
)

// evaluateCommand is the hidden command of the process that evaluates expressions.
const evaluateCommand = "evaluate"

// evaluate is the process that the other commands start for expressions.
func (e *env) evaluate() *cli.Command {
	return &cli.Command{
		Name:               evaluateCommand,
		Usage:              "evaluate expressions for other commands",
		Hidden:             true,
		CustomHelpTemplate: "usage: chandy " + evaluateCommand + "\n\nEvaluates expressions for other commands, which talk to it over stdin and stdout.\n",
		Action: func(c *cli.Context) error {
			if err := eval.Serve(e.Stdin, e.Stdout); err != nil {
				return fail(exitUnknown, "", "%w", err)
			}
			return nil
		},
	}
}

// questionFlags returns the flags of a command that evaluates expressions.
func questionFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "loose", Usage: "let fields be absent and values of different types be compared, as in jq"},
		&cli.StringFlag{Name: "eval-timeout", Usage: "D: give the expressions as long as D for one snapshot (default: 10s)"},
		&cli.StringFlag{Name: "max-size", Usage: "MIB: ask no snapshot of more MiB (default: 64); an evaluation may take 16 times as much memory"},
		&cli.BoolFlag{Name: "unverified", Usage: "ask a snapshot too that is inconsistent, for teaching"},
	}
}

// questions asks snapshots questions.
type questions struct {
	evaluator   *eval.Evaluator
	expressions []string
	maxSize     int // of a snapshot, in MiB
	unverified  bool
}

// questions compiles expressions, so that a mistake in one is found before anything else is
// done. The caller must call close.
func (e *env) questions(c *cli.Context, expressions ...string) (*questions, error) {
	for _, text := range expressions {
		if err := checkExpression(text, c.Bool("loose")); err != nil {
			return nil, err
		}
	}
	timeout, err := duration(c, "eval-timeout", 10*time.Second)
	if err != nil {
		return nil, err
	}
	size, err := maxSize(c.String("max-size"))
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fail(exitUnknown, "", "find the file of this program: %w", err)
	}
	return &questions{
		evaluator:   &eval.Evaluator{Command: []string{self, evaluateCommand}, Timeout: timeout, Loose: c.Bool("loose")},
		expressions: expressions,
		maxSize:     size,
		unverified:  c.Bool("unverified"),
	}, nil
}

func maxSize(text string) (int, error) {
	if text == "" {
		return 64, nil
	}
	var n int
	if _, err := fmt.Sscanf(text, "%d", &n); err != nil || fmt.Sprint(n) != text || n < 1 || n > 1<<20 {
		return 0, fail(exitUsage, "", "--max-size must be a number of MiB from 1 to %d, not %q", 1<<20, text)
	}
	return n, nil
}

// checkExpression returns the failure of a command whose expression cannot be used. It shows
// the place.
func checkExpression(text string, loose bool) error {
	_, err := eval.Compile(text, loose)
	var syntax *eval.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return &failure{Code: exitUsage, Err: fmt.Errorf("the expression cannot be used: %w", err), List: syntax.Caret(),
			Hint: "an expression is in the language of jq; chandy help assert lists the words that it has besides"}
	case err != nil:
		return fail(exitUsage, "", "%w", err)
	}
	return nil
}

func (q *questions) close() { q.evaluator.Close() }

// ask asks a snapshot all questions. An error says why it cannot be asked.
func (q *questions) ask(ctx context.Context, s snap) ([]eval.Answer, error) {
	if err := q.mayAsk(s); err != nil {
		return nil, err
	}
	return q.evaluator.Ask(ctx, q.expressions, s.text)
}

// query returns the answer with the values of an expression.
func (q *questions) query(ctx context.Context, expression string, s snap) (eval.Answer, error) {
	if err := q.mayAsk(s); err != nil {
		return eval.Answer{}, err
	}
	return q.evaluator.Query(ctx, expression, s.text)
}

func (q *questions) mayAsk(s snap) error {
	switch {
	case !s.report.Consistent() && !q.unverified:
		return fmt.Errorf("the snapshot is inconsistent: %s: chandy verify shows all faults; --unverified asks all the same", s.report.Faults[0])
	case len(s.text) > q.maxSize<<20:
		return fmt.Errorf("the snapshot has %s, more than the %d MiB of --max-size", size(len(s.text)), q.maxSize)
	}
	return nil
}

// notes prints the value of each word of an expression, and its witness.
func (e *env) notes(a eval.Answer) {
	for _, n := range a.Notes {
		printLine(e.Stderr, "chandy: %s", noteText(n))
	}
}

func noteText(n eval.Note) string {
	text := fmt.Sprintf("%s is %s", n.Word, n.Value)
	if len(n.Witness) > 0 {
		text += ": " + strings.Join(n.Witness, ", ")
	}
	return text
}

// verdictError returns the error of a command for the verdict of an expression, with its
// reason. It is nil for yes.
func verdictError(a eval.Answer) error {
	switch a.Verdict {
	case question.Yes:
		return nil
	case question.No:
		return errNo
	}
	return fail(exitUnknown, "", "cannot tell: %s", a.Why)
}
