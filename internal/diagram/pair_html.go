package diagram

import (
	"io"
	"strings"
)

// PairHTML writes one HTML file about two snapshots that needs nothing else.
func PairHTML(w io.Writer, p *Pair) error {
	picture := p.Layout()
	return writePage(w, picture, nil, p.pageData())
}

// pageData returns what the script of the page needs to know. The second half follows the
// first one.
func (p *Pair) pageData() *pageContent {
	all := &pageContent{Lanes: len(p.Rows)}
	for half, s := range p.Stories {
		one := s.pageData()
		events, messages := 0, 0
		if half == 1 {
			events, messages = len(p.Stories[0].Events), len(p.Stories[0].Messages)
		}
		for _, e := range one.Events {
			if e.Kind == Recorded {
				e.Text = string(s.Lanes[e.Lane].ID) + " records its state: " + p.rowTexts(e.Lane, half)
			}
			e.Text = letters[half] + ": " + e.Text
			e.Index += events
			e.Lane += half * all.Lanes
			if e.Message >= 0 {
				e.Message += messages
			}
			all.Events = append(all.Events, e)
		}
		for i, m := range one.Messages {
			m.Text += s.Messages[i].Sign.phrase(half)
			m.Send += events
			m.Receive += events
			m.Twins = p.twins(half, s.Messages[i])
			all.Messages = append(all.Messages, m)
		}
	}
	return all
}

// rowTexts returns the lines about a state in one snapshot.
func (p *Pair) rowTexts(lane, half int) string {
	var all []string
	for _, r := range p.Rows[lane] {
		if r.Texts[half] != "" {
			all = append(all, r.Sign.mark(r.Texts[half]))
		}
	}
	return strings.Join(all, ", ")
}

// twins returns the arrows of the same messages in the other half.
func (p *Pair) twins(half int, m Message) (all []int) {
	if m.Sign != Same {
		return nil
	}
	before := 0
	if half == 0 {
		before = len(p.Stories[0].Messages)
	}
	for i, o := range p.Stories[1-half].Messages {
		if o.Channel == m.Channel && o.Sign == Same && o.First < m.First+m.Count && m.First < o.First+o.Count {
			all = append(all, before+i)
		}
	}
	return all
}
