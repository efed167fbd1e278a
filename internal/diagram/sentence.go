package diagram

import (
	"fmt"
	"strings"
	"time"

	"chandy/internal/printable"
	"chandy/snapshot"
)

// verdict says whether the snapshot is complete and consistent.
func (s *Story) verdict() string {
	switch {
	case s.wrong() > 0:
		return "inconsistent: a wrong cut"
	case len(s.Faults) > 0:
		return "inconsistent"
	case s.Complete():
		return "complete and consistent"
	}
	return s.Status()
}

// sentence says what the picture shows: "complete and consistent · 3 processes · 4 messages in
// flight on 2 of 6 channels · last: p2, 102 ms: the marker of p3 came after 98 ms".
func (s *Story) sentence() string {
	processes := uint64(len(s.Global.Processes))
	busy, messages := 0, uint64(0)
	for _, c := range s.Channels {
		n := uint64(0)
		for _, b := range c.Messages {
			n += uint64(b.Count)
		}
		if n > 0 {
			busy++
		}
		messages += n
	}
	parts := []string{s.verdict(), count(processes, "process", "processes")}
	channels := count(uint64(len(s.Channels)), "channel", "channels")
	flight := "no message in flight on " + channels
	if messages > 0 {
		flight = fmt.Sprintf("%s in flight on %d of %s", count(messages, "message", "messages"), busy, channels)
	}
	parts = append(parts, flight)
	if text := s.missing(); text != "" {
		parts = append(parts, text)
	}
	if text := s.Last(); text != "" {
		parts = append(parts, "last: "+text)
	}
	return strings.Join(parts, " · ")
}

// wrong returns the number of arrows that contradict the cut.
func (s *Story) wrong() (n int) {
	for _, m := range s.Messages {
		if m.Class == Wrong {
			n++
		}
	}
	return n
}

// missing names what is missing of a partial snapshot.
func (s *Story) missing() string {
	var names []string
	for _, m := range s.Missing {
		name := string(m.Process)
		if name == "" {
			name = arrow(m.Channel)
		}
		names = append(names, name+" ("+string(m.Reason)+")")
	}
	if len(names) == 0 {
		return ""
	}
	text := "missing: " + strings.Join(names[:min(len(names), 2)], ", ")
	if more := len(names) - 2; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return printable.Text(text)
}

// stage is one part of the time that a process took.
type stage struct {
	name     string
	from, to float64 // ms since the process learned of the snapshot
}

// stages returns the stages of a process, in order, without empty ones.
func (s *Story) stages(p *snapshot.ProcessState) (all []stage) {
	if p.Times == nil {
		return nil
	}
	now := 0.0
	add := func(name string, after time.Duration) {
		if at := milliseconds(after); at > now && at < 1e15 {
			all = append(all, stage{name, now, at})
			now = at
		}
	}
	names := [...]string{"first marker", "holding the program", "settling", "asking for the state", "encoding", "sending"}
	for i, at := range p.Times.Stages() {
		add(names[i], *at)
	}
	from, at := snapshot.ProcessID(""), time.Duration(0)
	for _, c := range s.Channels {
		if c.MarkerKnown && c.Channel.To == p.ID && c.MarkerAfter > at {
			from, at = c.Channel.From, c.MarkerAfter
		}
	}
	if from != "" {
		add("marker of "+string(from), at)
	}
	return all
}

// ms writes milliseconds for people.
func ms(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.1f s", v/1000)
	case v >= 10:
		return fmt.Sprintf("%.0f ms", v)
	case v >= 1:
		return fmt.Sprintf("%.1f ms", v)
	}
	return fmt.Sprintf("%.2f ms", v)
}
