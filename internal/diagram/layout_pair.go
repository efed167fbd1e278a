package diagram

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
		names = max(names, float64(cells(shortID(lane.ID)))*cellPx*13/fontPx)
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
	label = max(min(label+cellPx, room-2*pairEnds), 0) // a cell more, because numbers are rounded
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
