package diagram

import (
	"cmp"
	"fmt"
	"slices"
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
// flight on 2 of 6 channels · last: p2, marker of p3 after 98 ms".
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
	if l := s.last(); l.id != "" {
		parts = append(parts, "last: "+string(l.id)+", "+l.why)
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

// last is the process whose part was complete last.
type last struct {
	id  snapshot.ProcessID // empty if that is not known
	why string
}

// last finds out who was last, and why. Who was last is seen at the assembler; the reason has
// lengths on the clock of that process.
func (s *Story) last() (l last) {
	at := time.Duration(-1)
	for _, p := range s.Global.Processes {
		if p.Completed && p.CompletedAfter > at {
			l.id, at = p.ID, p.CompletedAfter
		}
	}
	if l.id == "" {
		return l
	}
	l.why = ms(milliseconds(at)) + " at the assembler"
	stages := s.stages(l.id)
	if len(stages) == 0 {
		return l
	}
	if why := reason(stages); why.marker {
		l.why = fmt.Sprintf("%s after %s", why.name, ms(why.to))
	} else {
		l.why = fmt.Sprintf("%s took %s", why.name, ms(why.to-why.from))
	}
	return l
}

// reason returns the stage that made a process late. That is the last marker if it came after
// everything else, because the process has waited for it from the beginning. Otherwise it is
// the longest stage.
func reason(stages []stage) stage {
	if final := stages[len(stages)-1]; final.marker {
		return stage{final.name, 0, final.to, true}
	}
	return slices.MaxFunc(stages, func(a, b stage) int { return cmp.Compare(a.to-a.from, b.to-b.from) })
}

// stage is one part of the time that a process took.
type stage struct {
	name     string
	from, to float64 // ms since the process learned of the snapshot
	marker   bool    // until the last marker came, after everything else
}

// stages returns the stages of a process, in order, without empty ones.
func (s *Story) stages(id snapshot.ProcessID) (all []stage) {
	t, ok := s.Times[id]
	if !ok {
		return nil
	}
	now := 0.0
	add := func(name string, at float64, marker bool) {
		if at > now && at < 1e15 {
			all = append(all, stage{name, now, at, marker})
			now = at
		}
	}
	names := [...]string{"first marker", "holding the program", "settling", "asking for the state", "encoding", "sending"}
	for i, at := range t.Stages() {
		add(names[i], milliseconds(*at), false)
	}
	from, at := snapshot.ProcessID(""), 0.0
	for _, c := range s.Channels {
		if marker, ok := s.Markers[c.Channel]; ok && c.Channel.To == id && marker > at {
			from, at = c.Channel.From, marker
		}
	}
	if from != "" {
		add("marker of "+string(from), at, true)
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
