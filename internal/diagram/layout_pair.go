package diagram

import (
	"slices"

	"chandy/internal/printable"
)

const (
	pairLabels = 40   // labels of messages in flight in one half; more are counted
	pairEnds   = 60.0 // px at least for the ends of the arrows, on each side of a cut
)

// pairLayout is a picture of two snapshots while it is made. The halves have the same lanes.
type pairLayout struct {
	*Pair
	Picture
	halves [2]*layout
	middle float64 // px between the halves
}

// Layout returns the picture of both snapshots: A in the left half, B in the right half, each
// with a straight cut. What the processes did between the cuts stands between the halves.
func (p *Pair) Layout() *Picture {
	l := &pairLayout{Pair: p}
	l.Width = pictureWidth
	l.chooseSizes()
	l.header()
	for i, h := range l.halves {
		h.drawHalf(p.Rows, i)
		h.labelHalf(i)
		l.merge(h)
	}
	l.drawBetween()
	l.names()
	l.key()
	return &l.Picture
}

// chooseSizes divides the width. Both halves have the same sizes.
func (l *pairLayout) chooseSizes() {
	names, states, between, label, columns, labels := 0.0, 0.0, 15*cellPx, 0.0, 1, 0
	lanes := l.Stories[0].Lanes
	for i, lane := range lanes {
		names = max(names, float64(cells(short(string(lane.ID), nameMax)))*cellPx*13/fontPx)
		for _, r := range l.Rows[i] {
			for _, text := range r.Texts {
				states = max(states, float64(cells(r.Sign.mark(text)))*cellPx)
			}
		}
		for _, text := range l.Between[i].lines() {
			between = max(between, float64(cells(text))*cellPx)
		}
	}
	for _, s := range l.Stories {
		for i := range s.Events {
			columns = max(columns, s.Events[i].Column, -s.Events[i].Column)
		}
		for _, m := range s.Messages {
			label = max(label, float64(cells(m.Sign.mark(s.labelText(m))))*cellPx)
		}
		labels = max(labels, min(len(s.Messages), pairLabels+1))
	}
	gap := 78.0
	if len(lanes) >= quietLanes {
		gap = 52
	}
	gap = max(gap, float64(labels+1)*(linePx+2)/float64(max(len(lanes), 1)))
	left, right := marginX+names+14, l.Width-marginX-names-14
	l.middle = between + 24
	half := (right - left - l.middle) / 2
	room := half - states - 40
	label = max(min(label, room-2*pairEnds), 0)
	column := min(columnMost, (room-label)/2/float64(columns+1))
	ends := column * float64(columns+1)
	for i := range l.halves {
		h := &layout{Story: l.Stories[i], states: states, labels: room - 2*ends, column: column, gap: gap}
		h.left = left + float64(i)*(half+l.middle)
		h.right = h.left + half
		h.cut = h.left + ends + 20 + states
		h.matrix = len(h.Messages) > pairLabels // not all have a label
		l.halves[i] = h
	}
}

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

// drawHalf draws the lanes, the states and the messages of one snapshot.
func (l *layout) drawHalf(rows [][]Row, half int) {
	for i, lane := range l.Lanes {
		l.Lines = append(l.Lines, LaneLine{l.laneY(i), l.left, l.cut, l.right, lane.Process == nil})
	}
	l.drawCut()
	l.text(l.cut, l.top-l.gap/2-8, Note, Middle, "the cut of "+letters[half])
	l.drawEvents(l.logicalX)
	for i := range l.Arrows {
		m := l.Messages[l.Arrows[i].Message]
		l.Arrows[i].Sign = m.Sign
		l.Arrows[i].Title += m.Sign.of(half)
	}
	l.Marks = slices.DeleteFunc(l.Marks, func(m Mark) bool { return m.Kind == Recorded && l.Lanes[l.Events[m.Event].Lane].Absent })
	for i := range l.Lanes {
		y := l.laneY(i) - float64(len(rows[i])-1)*linePx/2 + 4
		for _, r := range rows[i] {
			if text := r.Texts[half]; text != "" {
				l.Texts = append(l.Texts, Text{Point{l.cut - 14, y}, r.Sign.mark(text), StateText, End, -1, r.Sign})
			}
			y += linePx
		}
	}
}

// labelHalf writes the labels of the messages in flight. If there are very many, the messages
// that are in flight in both snapshots have none.
func (l *layout) labelHalf(half int) {
	var order []int
	for i := range l.Arrows {
		order = append(order, i)
	}
	if len(order) > pairLabels {
		same := func(i int) int { return map[bool]int{true: 1}[l.Arrows[i].Sign == Same] }
		slices.SortStableFunc(order, func(a, b int) int { return same(a) - same(b) })
		order = order[:pairLabels]
	}
	most := int(l.labels / cellPx)
	var labels []Text
	for _, i := range order {
		a := l.Arrows[i]
		style := FlightLabel
		if a.Class == Wrong {
			style = WrongLabel
		}
		text := short(a.Sign.mark(l.labelText(l.Messages[a.Message])), most)
		labels = append(labels, Text{Point{l.cut + 14, a.Cross.Y + 4}, text, style, Start, a.Message, a.Sign})
	}
	if more := len(l.Arrows) - len(labels); more > 0 {
		text := short("and "+count(uint64(more), "arrow", "arrows")+" without a label", most)
		labels = append(labels, Text{Point{l.cut + 14, l.laneY(len(l.Lanes) - 1)}, text, FlightLabel, Start, -1, Single})
	}
	slices.SortStableFunc(labels, func(a, b Text) int { return compareY(a.Point, b.Point) })
	spread(labels, l.top-l.gap/2+8, l.laneY(len(l.Lanes)-1)+l.gap/2)
	l.Texts = append(l.Texts, labels...)
}

// merge takes over what was drawn of one half. The second half numbers its events and messages
// after the ones of the first half.
func (l *pairLayout) merge(h *layout) {
	events, messages := 0, 0
	if h == l.halves[1] {
		events, messages = len(l.Stories[0].Events), len(l.Stories[0].Messages)
	}
	for i := range h.Marks {
		h.Marks[i].Event += events
	}
	for i := range h.Arrows {
		h.Arrows[i].Message += messages
	}
	for i := range h.Texts {
		if h.Texts[i].Message >= 0 {
			h.Texts[i].Message += messages
		}
	}
	l.Lines = append(l.Lines, h.Lines...)
	l.Cuts = append(l.Cuts, h.Cuts...)
	l.Marks = append(l.Marks, h.Marks...)
	l.Arrows = append(l.Arrows, h.Arrows...)
	l.Texts = append(l.Texts, h.Texts...)
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
		name, y := short(string(lane.ID), nameMax), left.laneY(i)+4
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
