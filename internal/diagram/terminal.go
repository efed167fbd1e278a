package diagram

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"chandy/internal/printable"
)

// TerminalLanes is how many processes a drawing for a terminal has at most.
const TerminalLanes = 8

const textRows = 12 // rows of events on each side of the cut

// Terminal writes a story for a terminal. Time runs down, each process has a column, and the cut
// is a line.
func Terminal(w io.Writer, s *Story) error {
	s.limit(textRows, textRows)
	t := &textDrawing{Story: s, width: max(12, min(20, 96/max(len(s.Lanes), 1)))}
	for _, line := range t.head() {
		t.line(line)
	}
	t.line("")
	t.cells(func(i int) string { return string(s.Lanes[i].ID) })
	t.rows(-1)
	t.cut()
	t.rows(1)
	_, err := w.Write([]byte(t.String()))
	return err
}

type textDrawing struct {
	*Story
	strings.Builder
	width int // of a column
}

func (t *textDrawing) line(text string) {
	t.WriteString(strings.TrimRight(text, " ") + "\n")
}

// head returns what stands above the drawing.
func (t *textDrawing) head() []string {
	l := layout{Story: t.Story}
	lines := []string{printable.Text(t.sentence())}
	for _, fault := range t.Faults[:min(len(t.Faults), 3)] {
		lines = append(lines, "  "+printable.Text(fault))
	}
	return append(lines, l.notes()...)
}

// cells writes a line with a text in each column.
func (t *textDrawing) cells(text func(lane int) string) {
	var line strings.Builder
	for i := range t.Lanes {
		s := short(text(i), t.width-1)
		line.WriteString(s + strings.Repeat(" ", t.width-cells(s)))
	}
	t.line("  " + line.String())
}

// rows writes the events before or after the cut, a line for each column of logical time.
func (t *textDrawing) rows(side int) {
	byColumn := map[int][]*Event{}
	var columns []int
	for _, lane := range t.Lanes {
		for _, i := range lane.Events {
			e := &t.Events[i]
			if e.Side != side || e.width() == 0 {
				continue
			}
			if byColumn[e.Column] == nil {
				columns = append(columns, e.Column)
			}
			byColumn[e.Column] = append(byColumn[e.Column], e)
		}
	}
	slices.Sort(columns)
	for _, column := range columns {
		t.cells(func(lane int) string {
			for _, e := range byColumn[column] {
				if e.Lane == lane {
					return e.mark()
				}
			}
			return "│"
		})
	}
}

// mark returns an event for a terminal: "● →p2 119" for message 119 to p2.
func (e *Event) mark() string {
	sign, direction := "●", "→"
	if e.Implied {
		sign = "○"
	}
	if e.Kind == Received {
		direction = "←"
	}
	return fmt.Sprintf("%s %s%s %d", sign, direction, e.Peer, e.Seq)
}

// cut writes the line, the states, and the messages over the line.
func (t *textDrawing) cut() {
	t.line("━━" + strings.Repeat("┿"+strings.Repeat("━", t.width-1), len(t.Lanes)) + " the cut")
	var states [][]string
	most := 0
	for _, lane := range t.Lanes {
		lines := t.stateLines(lane)
		states = append(states, lines)
		most = max(most, len(lines))
	}
	for row := range most {
		t.cells(func(i int) string {
			if row < len(states[i]) {
				return states[i][row]
			}
			return "│"
		})
	}
	for _, m := range t.Messages {
		if m.Class >= InFlight {
			t.line("  " + t.arrow(m) + " " + arrow(m.Channel) + "  " + t.label(m))
		}
	}
}

// arrow draws a message over the cut, from the column of its sender to the one of its receiver.
func (t *textDrawing) arrow(m Message) string {
	from, to := t.Events[m.Send].Lane, t.Events[m.Receive].Lane
	shaft := "─"
	switch {
	case m.Class == Wrong:
		shaft = "╌"
	case m.Count > 1:
		shaft = "═"
	}
	row := []string{}
	for range len(t.Lanes) {
		row = append(row, "│")
		for range t.width - 1 {
			row = append(row, " ")
		}
	}
	left, right := min(from, to)*t.width, max(from, to)*t.width
	for i := left + 1; i < right; i++ {
		row[i] = shaft
	}
	switch {
	case from == to:
		row[left], row[left+1] = "├", "↺"
	case from < to:
		row[left], row[right-1], row[right] = "├", "▶", "│"
	default:
		row[left], row[left+1], row[right] = "│", "◀", "┤"
	}
	if m.Class == Wrong && from != to {
		row[(left+right)/2] = "✗"
	}
	return strings.Join(row, "")
}
