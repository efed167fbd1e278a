package diagram

import "slices"

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
		l.Arrows[i].Title += m.Sign.phrase(half)
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
		same := func(i int) bool { return l.Arrows[i].Sign == Same }
		order = append(slices.DeleteFunc(slices.Clone(order), same), slices.DeleteFunc(order, func(i int) bool { return !same(i) })...)
		order = order[:pairLabels]
	}
	most := int(l.labels / cellPx)
	var labels []Text
	for _, i := range order {
		a := l.Arrows[i]
		m := l.Messages[a.Message]
		text := a.Sign.mark(l.labelText(m))
		if cells(text) > most { // the arrow shows the channel
			text = short(a.Sign.mark(l.label(m)), most)
		}
		labels = append(labels, Text{Point{l.cut + 14, a.Cross.Y + 4}, text, FlightLabel, Start, a.Message, a.Sign})
	}
	if more := len(l.Arrows) - len(labels); more > 0 {
		text := short("and "+count(uint64(more), "arrow", "arrows")+" without a label", most)
		labels = append(labels, Text{Point{l.cut + 14, l.laneY(len(l.Lanes) - 1)}, text, FlightLabel, Start, -1, Single})
	}
	slices.SortStableFunc(labels, func(a, b Text) int { return compareY(a.Point, b.Point) })
	spread(labels, l.top-l.gap/2+8, l.laneY(len(l.Lanes)-1)+l.gap/2)
	l.Texts = append(l.Texts, labels...)
}
