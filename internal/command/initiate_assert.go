package command

import (
	"context"

	"chandy/internal/question"
	"chandy/internal/question/eval"
)

// captured is a destination that keeps a copy of what is written to it, at most a byte more
// than a limit: then it is too long to be asked.
type captured struct {
	destination
	most int
	text []byte
}

func (c *captured) Write(b []byte) (int, error) {
	c.text = append(c.text, b[:min(len(b), max(0, c.most+1-len(c.text)))]...)
	return c.destination.Write(b)
}

// captureMax returns how many bytes of a snapshot are needed for the questions.
func (q *questions) captureMax() int {
	if len(q.expressions) == 0 {
		return -1
	}
	return q.maxSize << 20
}

// assertAll says on stderr whether each expression is true of a snapshot. A no outweighs an
// answer that cannot be told.
func (e *env) assertAll(ctx context.Context, q *questions, text []byte, stable bool) error {
	if len(text) > q.captureMax() {
		return fail(exitUnknown, "", "cannot tell: the snapshot has more than the %d MiB of --max-size", q.maxSize)
	}
	var s snap
	if err := eachDocument("the snapshot", text, func(one snap) error { s = one; return nil }); err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	answers, err := q.ask(ctx, s)
	if err != nil {
		return fail(exitUnknown, "", "cannot tell: %w", err)
	}
	var reasons []string
	no := false
	for i, a := range answers {
		e.notes(a)
		no = no || a.Verdict == question.No
		if a.Verdict == question.Unknown {
			reasons = append(reasons, q.expressions[i]+": "+a.Why)
			continue
		}
		printLine(e.Stderr, "chandy: %s: %v: %s", q.expressions[i], a.Verdict, meaning(a.Verdict, stable || eval.Stable(q.expressions[i])))
	}
	if no {
		for _, reason := range reasons {
			printLine(e.Stderr, "chandy: cannot tell: %s", reason)
		}
		return errNo
	}
	if len(reasons) > 0 {
		return failList(exitUnknown, "", reasons, "cannot tell:")
	}
	return nil
}
