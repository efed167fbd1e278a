package try

import (
	"errors"
	"time"

	"chandy/internal/maelstrom"
)

// promptly is how fast a child must answer the request for its state after it has sent
// requests to others. A slower child has probably waited for their replies until a time-out
// of its own.
const promptly = 500 * time.Millisecond

// askState is like ask, for a request for the state. If the child seems to wait for another
// process, the error is a *noReply that says so, even if the child replies in the end.
func (k *talk) askState(body string) (maelstrom.Line, error) {
	k.capture(true)
	begun := time.Now()
	reply, err := k.ask(body)
	took := time.Since(begun)
	k.capture(false)
	kept := k.kept
	k.kept = nil
	for _, one := range kept {
		k.carry(one.line)
	}
	var missing *noReply
	switch {
	case errors.As(err, &missing) && missing.ended == nil:
		missing.waits = waitsAtLast(kept, begun.Add(took-k.Limit/2))
	case err == nil && took >= promptly:
		if waits := asksOf(kept); waits != "" {
			return reply, &noReply{late: took, waits: waits}
		}
	}
	return reply, err
}

// kept is a line that a child printed during a capture.
type kept struct {
	line string
	at   time.Time
}

// asked returns the process to which a line sends a request, or an empty text.
func (l kept) asked() string {
	m, err := maelstrom.Parse([]byte(l.line))
	if err != nil || m.Asks() == nil || m.Member("in_reply_to") != nil {
		return ""
	}
	return string(m.Dest)
}

// waitsAtLast returns the process for which a child waits that has not replied. Its last
// line must be a request to that process, printed before the given time. A child that
// prints on a timer does not wait.
func waitsAtLast(lines []kept, before time.Time) string {
	if len(lines) == 0 || lines[len(lines)-1].at.After(before) {
		return ""
	}
	return lines[len(lines)-1].asked()
}

// asksOf returns the process to which the first request among the lines goes, or an empty text.
func asksOf(lines []kept) string {
	for _, l := range lines {
		if to := l.asked(); to != "" {
			return to
		}
	}
	return ""
}

// capture begins or ends a capture. At the end the child receives what came meanwhile.
func (k *talk) capture(begins bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.capturing = begins
	if begins {
		return
	}
	for _, line := range k.late {
		k.process.Write(line)
	}
	k.late = nil
}
