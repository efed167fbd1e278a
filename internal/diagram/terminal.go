package diagram

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"chandy/internal/printable"
)

const (
	terminalLanes = 8  // processes in a drawing at most
	laneMin       = 9  // columns of a process at least
	textRows      = 12 // rows of events on each side of the cut
)

// TerminalLanes returns how many processes a drawing for a terminal has at most. Zero columns
// mean no limit.
func TerminalLanes(columns int) int {
	if columns == 0 {
		return terminalLanes
	}
	return max(1, min(terminalLanes, (columns-2)/laneMin))
}

// Terminal writes a story for a terminal. Time runs down, each process has a column, and the cut
// is a line.
func Terminal(w io.Writer, s *Story) error {
	s.limit(textRows, textRows)
	lanes := max(len(s.Lanes), 1)
	t := &textDrawing{Story: s, width: max(12, min(20, 96/lanes))}
	if s.Columns > 0 {
		t.width = max(laneMin, min(t.width, (s.Columns-2)/lanes))
	}
	for _, line := range t.head() {
		t.wrapped("", line)
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

// wrapped writes a text after an indentation, on as many lines as the terminal needs for it.
func (t *textDrawing) wrapped(indentation, text string) {
	if t.Columns == 0 {
		t.line(indentation + text)
		return
	}
	for _, line := range wrapped(text, max(laneMin, t.Columns-len(indentation))) {
		t.line(indentation + line)
	}
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
					return e.mark(t.width - 1)
				}
			}
			return "│"
		})
	}
}

// mark returns an event for a terminal, in at most that many cells: "● →p2 119" for message 119 to p2. If
// they are too few, the number is not cut, but the id is, and then all but the sign is left out.
func (e *Event) mark(most int) string {
	sign, direction := "●", "→"
	if e.Implied {
		sign = "○"
	}
	if e.Kind == Received {
		direction = "←"
	}
	number := fmt.Sprintf(" %d", e.Seq)
	for _, begin := range []string{sign + " " + direction, direction} {
		if room := most - cells(begin) - cells(number); room >= min(cells(string(e.Peer)), 3) {
			return begin + short(string(e.Peer), room) + number
		}
	}
	return sign
}

// cut writes the line, the states, and the messages over the line.
func (t *textDrawing) cut() {
	const caption = " the cut"
	line := []rune("━━" + strings.Repeat("┿"+strings.Repeat("━", t.width-1), len(t.Lanes)))
	if t.Columns > 0 {
		line = line[:min(len(line), max(t.Columns-len(caption), 0))]
	}
	t.line(string(line) + caption)
	var states [][]string
	most := 0
	for _, lane := range t.Lanes {
		var lines []string
		for _, line := range t.stateLines(lane) {
			lines = append(lines, t.fit(line)...)
		}
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
		if m.Class < InFlight {
			continue
		}
		drawn, label := "  "+t.arrow(m), arrow(m.Channel)+"  "+t.label(m)
		if t.Columns > 0 && cells(drawn)+1+cells(label) > t.Columns {
			t.line(drawn)
			t.wrapped("    ", label)
			continue
		}
		t.line(drawn + " " + label)
	}
}

// fit writes a line about a state in the lines that a column needs for it. A line with a number
// that does not fit is left out: a part of a number would be another number.
func (t *textDrawing) fit(line string) []string {
	for _, word := range splitWords(line) {
		if cells(word) >= t.width && strings.ContainsAny(word, "0123456789") {
			return nil
		}
	}
	return wrapped(line, t.width-1)
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
