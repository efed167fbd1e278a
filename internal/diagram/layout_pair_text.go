package diagram

import "chandy/internal/printable"

// header writes what changed, and above each half which snapshot it shows.
func (l *pairLayout) header() {
	sentence := l.sentence()
	a, b := l.Stories[0], l.Stories[1]
	l.Name = printable.Text("Snapshots A, "+string(a.Global.ID)+", and B, "+string(b.Global.ID)+", of "+a.Cluster) + ": " + sentence
	y := 28.0
	write := func(x, width float64, style Style, text string) {
		for _, line := range wrapped(text, int(width/(style.size()*cellPx/fontPx))) {
			l.text(x, y, style, line)
			y += style.size() + 5
		}
	}
	write(marginX, l.Width-2*marginX, Headline, sentence)
	for _, note := range l.notes() {
		write(marginX, l.Width-2*marginX, Note, note)
	}
	y += 12
	begin, end := y, y
	for i, h := range l.halves {
		y = begin
		style := LaneName
		for _, line := range l.heading(i) {
			write(h.left, h.right-h.left, style, line)
			style = Note
		}
		end = max(end, y)
	}
	for _, h := range l.halves {
		h.top = end + linePx + h.gap/2 + 8
	}
}

func (l *pairLayout) text(x, y float64, style Style, text string) {
	l.Texts = append(l.Texts, Text{Point{x, y}, text, style, Start, -1, Single})
}

// drawBetween writes on each lane what the process did between the cuts.
func (l *pairLayout) drawBetween() {
	h := l.halves[0]
	x := h.right + l.middle/2
	l.Texts = append(l.Texts, Text{Point{x, h.top - h.gap/2 - 8}, "between the cuts", Note, Middle, -1, Single})
	for i, b := range l.Between {
		lines := b.lines()
		y := h.laneY(i) - float64(len(lines)-1)*linePx/2 + 4
		for _, line := range lines {
			l.Texts = append(l.Texts, Text{Point{x, y}, line, CellText, Middle, -1, b.sign()})
			y += linePx
		}
	}
}

// names writes the ids at both ends of the lanes.
func (l *pairLayout) names() {
	left, right := l.halves[0], l.halves[1]
	for i, lane := range left.Lanes {
		name, y := shortID(lane.ID), left.laneY(i)+4
		l.Texts = append(l.Texts, Text{Point{left.left - 8, y}, name, LaneName, End, -1, Single}, Text{Point{right.right + 8, y}, name, LaneName, Start, -1, Single})
	}
}

// pairKey explains the signs.
const pairKey = "≠ the state changed · − in flight in A, no longer in B · + in flight in B, not in A · = the same in both, pale · ? cannot be compared. " +
	"An arrow over a line was in flight: sent before that cut, received after it. The texts left of a line are the recorded states."

func (l *pairLayout) key() {
	h := l.halves[0]
	y := h.laneY(len(h.Lanes)-1) + h.gap/2 + 26
	for _, line := range wrapped(pairKey, 160) {
		l.text(marginX, y, Note, line)
		y += 18
	}
	l.Height = y + 4
}
