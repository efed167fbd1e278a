package diagram

import (
	"encoding/json"
	"fmt"
	"strings"

	"chandy/internal/difference"
	"chandy/internal/printable"
)

// rowsMax is how many lines stand at the line of a process.
const rowsMax = 3

// Row is a line about a state, in both snapshots. A text may be empty.
type Row struct {
	Texts [2]string
	Sign  Sign
}

// rows returns the lines about the states of a lane. The members that changed come first.
func (p *Pair) rows(lane int) []Row {
	a, b := p.Stories[0], p.Stories[1]
	la, lb := a.Lanes[lane], b.Lanes[lane]
	sign := p.sign(la.ID)
	d := p.processes[la.ID]
	if len(d.Changes) > 0 && d.Changes[0].Pointer != "" && a.States == nil && b.States == nil {
		return memberRows(d, la.Process.State.Bytes)
	}
	rows := zip(a.pairLines(la), b.pairLines(lb))
	shown := false
	for i := range rows {
		shown = shown || rows[i].Sign == Changed
		if sign == Unsure || d.Note != "" {
			rows[i].Sign = sign
		}
	}
	if sign == Changed && d.Note == "" && !shown {
		rows = append(rows[:min(len(rows), rowsMax-1)], Row{[2]string{"changed elsewhere", "changed elsewhere"}, Changed})
	}
	return rows
}

// pairLines returns the lines about the state in one snapshot.
func (s *Story) pairLines(l Lane) []string {
	if l.Absent {
		return []string{"(no such process)"}
	}
	return s.stateLines(l)
}

// zip puts lines of two states side by side.
func zip(a, b []string) (rows []Row) {
	for i := range max(len(a), len(b)) {
		r := Row{Sign: Changed}
		for half, lines := range [2][]string{a, b} {
			if i < len(lines) {
				r.Texts[half] = lines[i]
			}
		}
		if r.Texts[0] == r.Texts[1] {
			r.Sign = Same
		}
		rows = append(rows, r)
	}
	return rows
}

// memberRows returns the lines about two states that are JSON objects or arrays: the members
// that changed, and equal ones if there is room.
func memberRows(d difference.Process, old []byte) (rows []Row) {
	shown := d.Changes
	if len(shown) > rowsMax {
		shown = shown[:rowsMax-1]
	}
	changed := map[string]bool{}
	for _, c := range d.Changes {
		key, _, _ := strings.Cut(c.Pointer[1:], "/")
		changed[unescape(key)] = true
	}
	for _, c := range shown {
		path := unescape(c.Pointer[1:])
		rows = append(rows, Row{[2]string{memberLine(path, c.Old), memberLine(path, c.New)}, Changed})
	}
	if more := len(d.Changes) - len(shown); more > 0 {
		text := fmt.Sprintf("and %d more", more)
		rows = append(rows, Row{[2]string{text, text}, Changed})
	}
	for _, f := range members(old) {
		if len(rows) < rowsMax && f.scalar() && !changed[f.key] {
			text := memberLine(f.key, json.RawMessage(f.value))
			rows = append(rows, Row{[2]string{text, text}, Same})
		}
	}
	return rows
}

// memberLine writes a member of a state on a short line. The value has priority: of a long
// path, the end remains.
func memberLine(path string, value json.RawMessage) string {
	text := "(none)"
	if value != nil {
		text = plain(value)
	}
	text = short(printable.Text(text), stateMax-8)
	return tail(printable.Text(path), stateMax-1-cells(text)) + " " + text
}

// tail cuts the beginning of a text, so that it has at most a number of cells.
func tail(s string, most int) string {
	if cells(s) <= most {
		return s
	}
	for i := range s {
		if cells(s[i:]) < most {
			return "…" + s[i:]
		}
	}
	return "…"
}

// unescape reads a token of a JSON Pointer (RFC 6901, section 4).
func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}
