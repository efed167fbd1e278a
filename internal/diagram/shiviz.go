package diagram

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"chandy/internal/printable"
)

// ShiVizExpression is the expression with which ShiViz reads what ShiViz writes.
const ShiVizExpression = `(?<host>\S+) (?<clock>\{.*\})\n(?<event>.*)`

// ShiViz writes the events as a log with vector clocks, two lines each.
func ShiViz(w io.Writer, s *Story) error {
	var order []int
	for _, lane := range s.Lanes {
		for _, i := range lane.Events {
			if e := &s.Events[i]; e.width() == 1 || e.Kind == Recorded {
				order = append(order, i)
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return s.Events[a].Column - s.Events[b].Column })
	clocks := make([][]uint64, len(s.Events))
	current := make([][]uint64, len(s.Lanes))
	for i := range current {
		current[i] = make([]uint64, len(s.Lanes))
	}
	var b strings.Builder
	for _, i := range order {
		e := &s.Events[i]
		clock := current[e.Lane]
		clock[e.Lane]++
		if e.Kind == Received && e.Message >= 0 {
			for lane, n := range clocks[s.Messages[e.Message].Send] {
				clock[lane] = max(clock[lane], n)
			}
		}
		if e.Kind == Sent {
			clocks[i] = slices.Clone(clock)
		}
		var entries []string
		for lane, n := range clock {
			if n > 0 {
				entries = append(entries, fmt.Sprintf("%q:%d", s.Lanes[lane].ID, n))
			}
		}
		fmt.Fprintf(&b, "%s {%s}\n%s\n", s.Lanes[e.Lane].ID, strings.Join(entries, ","), s.describe(e))
	}
	_, err := w.Write([]byte(b.String()))
	return err
}

// describe says in words what an event is.
func (s *Story) describe(e *Event) string {
	text := ""
	switch e.Kind {
	case Recorded:
		return "records its state: " + strings.Join(s.stateLines(s.Lanes[e.Lane]), ", ")
	case Sent:
		text = fmt.Sprintf("sends %d to %s", e.Seq, e.Peer)
	case Received:
		text = fmt.Sprintf("receives %d from %s", e.Seq, e.Peer)
	case MarkerSent:
		return fmt.Sprintf("sends the marker to %s, after message %d", e.Peer, e.Seq)
	case MarkerReceived:
		return fmt.Sprintf("receives the marker of %s, after message %d", e.Peer, e.Seq)
	}
	m := Message{}
	if e.Message >= 0 {
		m = s.Messages[e.Message]
	}
	switch {
	case m.Count > 1:
		text = fmt.Sprintf("%s … %d", text, m.First+m.Count-1)
	case len(m.Payloads) > 0:
		text += ": " + message(m.Payloads[0])
	case e.Type != "":
		text += ": " + e.Type
	}
	return printable.Text(text)
}
