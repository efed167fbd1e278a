package diagram

import (
	"fmt"
	"io"
	"strings"
)

// PairTerminal writes for a terminal what differs between two snapshots: the states side by
// side, and the messages in flight.
func PairTerminal(w io.Writer, p *Pair) error {
	t := &pairText{Pair: p}
	t.line(p.sentence())
	for _, note := range p.notes() {
		t.line(note)
	}
	for half := range p.Stories {
		t.line("")
		for i, text := range p.heading(half) {
			t.line(strings.Repeat(" ", min(i, 1)*4) + text)
		}
	}
	t.line("")
	t.states()
	t.flights()
	_, err := w.Write([]byte(t.String()))
	return err
}

type pairText struct {
	*Pair
	strings.Builder
}

func (t *pairText) line(text string) { t.WriteString(strings.TrimRight(text, " ") + "\n") }

// row writes three texts in columns.
func (t *pairText) row(name, a, b string) {
	pad := func(s string, width int) string { return s + strings.Repeat(" ", max(width-cells(s), 0)) }
	t.line(pad(name, nameMax+1) + " " + pad(a, stateMax+4) + b)
}

// states writes the states of the lanes, and what happened between the cuts.
func (t *pairText) states() {
	t.row("", "  A", "  B")
	for i, lane := range t.Stories[0].Lanes {
		name := shortID(lane.ID)
		for _, r := range t.Rows[i] {
			var texts [2]string
			for half, text := range r.Texts {
				if text != "" {
					texts[half] = r.Sign.mark(text)
				}
			}
			t.row(name, texts[0], texts[1])
			name = ""
		}
		t.row(name, "  between the cuts: "+strings.Join(t.Between[i].lines(), ", "), "")
	}
}

// flights writes the messages in flight. A message that is in flight in both has one line.
func (t *pairText) flights() {
	first := true
	for half, s := range t.Stories {
		for _, m := range s.Messages {
			if m.Sign == Same && half == 1 {
				continue
			}
			if first {
				t.line("")
				t.line("in flight")
				first = false
			}
			where := "in " + letters[half] + " only"
			switch m.Sign {
			case Same:
				where = "in both"
			case Unsure:
				where = "in " + letters[half]
			}
			t.line(fmt.Sprintf("%s %-9s  %s  %s", m.Sign, where, arrow(m.Channel), s.label(m)))
		}
	}
}
