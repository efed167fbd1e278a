package try

import (
	"fmt"
	"strings"
)

// separators are the characters at which some readers end a line. They may stand in a JSON
// string as they are.
var separators = []rune{'\u2028', '\u2029', '\u0085'}

// tryEnds sends requests with characters that are no line end in the protocol.
func (t *trial) tryEnds() (Result, error) {
	if len(t.answered) == 0 {
		return unanswerable, nil
	}
	if err := t.holds("x"); err != nil {
		_, err := none(err, "") // nil for a reply that did not come
		return Result{Verdict: Unclear, Text: "it does not answer a request with one more member"}, err
	}
	all := string(separators)
	fault := t.holds(all)
	if fault == nil {
		return Result{Verdict: Works, Text: "a line ends at a line feed only: requests with U+2028, U+2029 and U+0085 are answered"}, nil
	}
	if _, err := none(fault, ""); err != nil {
		return Result{}, err
	}
	var wrong []string
	for _, one := range separators {
		if err := t.holds(string(one)); err != nil {
			wrong = append(wrong, fmt.Sprintf("%U", one))
		}
	}
	if wrong == nil {
		wrong = []string{"U+2028, U+2029 and U+0085"}
	}
	return Result{
		Verdict: Not, Text: fmt.Sprintf("a request with %s in a string is not answered (%v)", strings.Join(wrong, " or "), fault),
		Advice: "split the input at line feeds only: the readline of Node.js 24 splits at U+2028 too, and Python's splitlines at many more",
	}, nil
}

// holds sends a request to a fresh child, with a text in one of its strings, and waits for
// the reply.
func (t *trial) holds(text string) error {
	k, err := t.begin("line ends")
	if err != nil {
		return err
	}
	defer k.close()
	_, err = k.ask(padded(t.answered[0].take(0, 1)[0], text))
	return err
}
