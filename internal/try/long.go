package try

import (
	"fmt"
	"strings"
)

// longLine is the line that many readers do not survive, in bytes without its end.
const longLine = 70_000

// shorter are limits that readers are known to have, with what they have them from.
var shorter = []int{65535, 16383, 8191, 4095, 1024}

// tryLong sends a request with a long value in it.
func (t *trial) tryLong() (Result, error) {
	if len(t.answered) == 0 {
		return unanswerable, nil
	}
	if err := t.line(200); err != nil {
		_, err := none(err, "")
		return Result{Verdict: Unclear, Text: "it does not answer a request that has one more member, a short one"}, err
	}
	length := longLine
	if t.LineLimit > 0 {
		length = t.LineLimit
	}
	fault := t.line(length)
	if fault == nil {
		return Result{Verdict: Works, Text: fmt.Sprintf("a line of %d bytes is answered", length)}, nil
	}
	words, err := none(fault, fmt.Sprintf("a line of %d bytes", length))
	if err != nil {
		return Result{}, err
	}
	for _, limit := range shorter {
		if limit < length && t.line(limit) == nil {
			t.LineLimit = limit
			return Result{
				Verdict: Not, Text: fmt.Sprintf("%s; one of %d bytes is answered", words, limit),
				Advice: fmt.Sprintf(`line_limit = "%dB": a longer line is an error then, and not its end; or let it read lines of any length`, limit),
			}, nil
		}
	}
	return Result{Verdict: Not, Text: words + "; nor are shorter ones"}, nil
}

// line sends a fresh child a request that makes a line so long.
func (t *trial) line(length int) error {
	k, err := t.begin("long line")
	if err != nil {
		return err
	}
	defer k.close()
	body := strings.TrimSuffix(strings.TrimSpace(t.answered[0].take(0, 1)[0]), "}")
	padded := func(n int) request {
		return k.request(body + `,"chandy_try_pad":"` + strings.Repeat("x", n) + `"}`)
	}
	bare := len(padded(0).line)
	r := padded(max(0, length-bare))
	k.process.Write(r.line)
	_, _, err = k.awaitAny(t.Limit, r)
	return err
}
