package command

import (
	"encoding/json"
	"strings"

	"github.com/urfave/cli/v2"

	"chandy/internal/question"
	"chandy/snapshot"
)

// showLines evaluates the expression of --show over the state of each process. The values of a
// process are the lines that a picture shows of its state.
func (e *env) showLines(c *cli.Context, s snap) (map[snapshot.ProcessID][]string, error) {
	expression := c.String("show")
	if expression == "" {
		return nil, nil
	}
	// The line end ends a comment of the expression.
	all := "[.processes | to_entries[] | {id: .key, lines: [.value.state? | (" + expression + "\n)]}]"
	q, err := e.questions(c, expression)
	if err != nil {
		return nil, err
	}
	defer q.close()
	q.unverified = true // a wrong cut is drawn too
	answer, err := q.query(c.Context, all, s)
	if err != nil {
		return nil, fail(exitUnknown, "", "%s: %w", s.name, err)
	}
	if answer.Verdict == question.Unknown || len(answer.Values) != 1 {
		return nil, fail(exitUnknown, "", "%s: --show: %s", s.name, answer.Why)
	}
	var processes []struct {
		ID    snapshot.ProcessID
		Lines []json.RawMessage
	}
	if err := json.Unmarshal(answer.Values[0], &processes); err != nil {
		return nil, fail(exitUnknown, "", "%s: --show: %w", s.name, err)
	}
	lines := map[snapshot.ProcessID][]string{}
	for _, p := range processes {
		lines[p.ID] = []string{}
		for _, value := range p.Lines {
			var text string
			if json.Unmarshal(value, &text) != nil {
				text = string(value)
			}
			lines[p.ID] = append(lines[p.ID], strings.Split(text, "\n")...)
		}
	}
	return lines, nil
}
