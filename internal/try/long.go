package try

import (
	"fmt"
	"strings"
)

const longLine = 70_000 // bytes of a line, without its end, that many programs cannot read

// shorter are limits for a line that readers are known to have, in bytes.
var shorter = []int{65535, 16383, 8191, 4095, 1024}

// tryLong sends a request that contains a long value.
func (t *trial) tryLong() (Result, error) {
	if len(t.answered) == 0 {
		return unanswerable, nil
	}
	if err := t.line(200); err != nil {
		_, err := none(err, "") // nil for a reply that did not come
		return Result{Verdict: Unclear, Text: "it does not answer a request with one more member, although it is short"}, err
	}
	length := longLine
	if t.LineLimit > 0 {
		length = t.LineLimit
	}
	fault := t.line(length)
	if fault == nil {
		return Result{Verdict: Works, Text: fmt.Sprintf("a line of %d bytes is answered", length)}, nil
	}
	words, err := none(fault, fmt.Sprintf("a line of %d bytes is not answered", length))
	if err != nil {
		return Result{}, err
	}
	for _, limit := range shorter {
		if limit < length && t.line(limit) == nil {
			t.LineLimit = limit
			return Result{
				Verdict: Not, Text: fmt.Sprintf("%s; one of %d bytes is answered", words, limit),
				Advice: fmt.Sprintf(`line_limit = "%dB": then a longer line ends the node with an error that names the sender; or let the program read lines of any length`, limit),
			}, nil
		}
	}
	return Result{Verdict: Not, Text: words + "; shorter lines are not answered either"}, nil
}

// padded returns a body with one more member, a string.
func padded(body, text string) string {
	return strings.TrimSuffix(strings.TrimSpace(body), "}") + `,"chandy_try_pad":"` + text + `"}`
}

// line sends a request to a fresh child, padded to a line of the given length, and waits
// for the reply.
func (t *trial) line(length int) error {
	k, err := t.begin("long line")
	if err != nil {
		return err
	}
	defer k.close()
	body := t.answered[0].take(0, 1)[0]
	bare := len(k.request(padded(body, "")).line)
	r := k.request(padded(body, strings.Repeat("x", max(0, length-bare))))
	k.process.Write(r.line)
	_, _, err = k.awaitAny(t.Limit, r)
	return err
}
