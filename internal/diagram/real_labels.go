package diagram

import (
	"cmp"
	"slices"
)

const labelStep = linePx + 1 // px at least from one label to the next

// crossings returns the number of messages over the cut.
func (s *Story) crossings() (n int) {
	for _, m := range s.Messages {
		if m.Class >= InFlight {
			n++
		}
	}
	return n
}

// slots returns the base lines that labels may have, from top to bottom. They lie between the
// lanes, so that no label covers an event.
func (l *layout) slots() (all []float64) {
	const above, below = 12.0, 19.0 // px from a lane to the base line of a label above or below it
	add := func(from, to float64) {
		for ; from <= to; from += labelStep {
			all = append(all, from)
		}
	}
	last := len(l.Lanes) - 1
	add(l.laneY(0)-l.gap/2+linePx, l.laneY(0)-above)
	for i := range last {
		add(l.laneY(i)+below, l.laneY(i+1)-above)
	}
	add(l.laneY(last)+below, l.laneY(last)+l.gap/2)
	return all
}

// placeRealLabels writes the labels beside the arrows, in the slot that is nearest to where the
// arrow crosses the zigzag. There are at least as many slots as labels.
func (l *layout) placeRealLabels() {
	if l.matrix {
		return
	}
	var arrows []Arrow
	for _, a := range l.Arrows {
		if !a.Marker && l.Messages[a.Message].Class >= InFlight {
			arrows = append(arrows, a)
		}
	}
	slices.SortStableFunc(arrows, func(a, b Arrow) int {
		return cmp.Or(cmp.Compare(a.Cross.Y, b.Cross.Y), cmp.Compare(a.Cross.X, b.Cross.X))
	})
	slots := l.slots()
	taken := make([]int, len(arrows)) // index of the slot
	free := 0
	for i, a := range arrows {
		taken[i] = max(free, nearest(slots, a.Cross.Y+4))
		free = taken[i] + 1
	}
	free = len(slots) - 1
	for i := range slices.Backward(arrows) {
		taken[i] = min(free, taken[i])
		free = taken[i] - 1
	}
	for i, a := range arrows {
		l.Texts = append(l.Texts, l.realLabel(a, slots[taken[i]]))
	}
}

// realLabel returns the label of an arrow on a base line. It stands right of the arrow, or left
// of it if there is no room.
func (l *layout) realLabel(a Arrow, y float64) Text {
	style := FlightLabel
	if l.Messages[a.Message].Class == Wrong {
		style = WrongLabel
	}
	text := Text{Point{0, y}, l.labelText(l.Messages[a.Message]), style, Start, a.Message, Single}
	width := text.Box().Right - text.Box().Left
	x := a.Cross.X
	if part := (y - 4 - a.From.Y) / (a.To.Y - a.From.Y); !a.Loop && part > 0 && part < 1 {
		x = a.From.X + (a.To.X-a.From.X)*part
	}
	text.X = x + 10
	if text.X+width > l.right {
		text.X = x - 10 - width
	}
	text.X = max(l.left, min(text.X, l.right-width))
	return text
}

// nearest returns the index of the value that is nearest to v, of ascending ones.
func nearest(all []float64, v float64) int {
	i, _ := slices.BinarySearch(all, v)
	if i == len(all) || i > 0 && v-all[i-1] <= all[i]-v {
		i--
	}
	return i
}
