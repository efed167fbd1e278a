package diagram

import (
	"math"
	"slices"

	"chandy/snapshot"
)

// foldFrom is how many times the median a gap in real time is at least that is folded.
const foldFrom = 5

// timeline maps real time to x.
type timeline struct {
	times []float64 // ms, ascending, each once
	xs    []float64
	folds []fold
}

// fold is a gap that is drawn shorter than it was.
type fold struct{ x, ms float64 }

// newTimeline spreads times over a width. Long gaps are folded.
func newTimeline(times []float64, left, right float64) *timeline {
	slices.Sort(times)
	t := &timeline{times: slices.Compact(times)}
	if len(t.times) < 2 {
		for range t.times {
			t.xs = append(t.xs, (left+right)/2)
		}
		return t
	}
	var gaps []float64
	for i := 1; i < len(t.times); i++ {
		gaps = append(gaps, t.times[i]-t.times[i-1])
	}
	sorted := slices.Sorted(slices.Values(gaps))
	most := foldFrom * sorted[len(sorted)/2]
	total := 0.0
	for _, g := range gaps {
		total += min(g, most)
	}
	x, scale := left, (right-left)/total
	t.xs = append(t.xs, x)
	for _, g := range gaps {
		if g > most {
			t.folds = append(t.folds, fold{x + most*scale/2, g})
		}
		x += min(g, most) * scale
		t.xs = append(t.xs, min(x, right))
	}
	return t
}

// x returns where a time of the timeline stands.
func (t *timeline) x(ms float64) float64 {
	i, _ := slices.BinarySearch(t.times, ms)
	return t.xs[min(i, len(t.xs)-1)]
}

// LayoutReal returns the picture as it happened: x is real time by the clocks of the processes,
// and the cut is a zigzag through the recordings. It shows the events of the last Layout. It
// is nil if the snapshot has no journal.
func (s *Story) LayoutReal() *Picture {
	if len(s.Journals) == 0 {
		return nil
	}
	l := &layout{Story: s, real: true}
	l.Width = pictureWidth
	l.chooseSizes()
	l.right -= l.states + 24
	for !l.matrix && len(l.slots()) < l.crossings() {
		l.gap += labelStep
	}
	places := l.realPlaces()
	at := func(e *Event) float64 { return places[e] }
	l.header()
	own := func(lane int) *Event { return l.recording(lane) }
	l.drawLanes(func(lane int) float64 { return places[own(lane)] })
	var cut []Point
	for i, lane := range l.Lanes {
		if s.Journals[lane.ID] != nil {
			cut = append(cut, Point{places[own(i)], l.laneY(i)})
		}
	}
	l.Cuts = [][]Point{cut}
	l.drawEvents(at)
	l.drawMarkers(at)
	l.drawRealStates()
	l.placeRealLabels()
	l.footer(l.laneY(len(l.Lanes)-1) + l.gap/2)
	return &l.Picture
}

// recording returns the event of a lane that stands at the cut.
func (s *Story) recording(lane int) *Event {
	for _, i := range s.Lanes[lane].Events {
		if s.Events[i].Kind == Recorded {
			return &s.Events[i]
		}
	}
	panic("bug: a lane without a recording")
}

// realPlaces returns the x of each event. An event without a time stands between its
// neighbours, or at the edge if nothing is known on that side.
func (l *layout) realPlaces() map[*Event]float64 {
	when := map[*Event]float64{}
	var times []float64
	for _, lane := range l.Lanes {
		latest := math.Inf(-1)
		for _, i := range lane.Events {
			e := &l.Events[i]
			if at, ok := l.when(e); ok {
				latest = max(latest, at) // a damaged journal may have times that run backwards
				when[e] = latest
				times = append(times, latest)
			}
		}
	}
	line := newTimeline(times, l.left+24, l.right-24)
	l.folds = line.folds
	places := map[*Event]float64{}
	for _, lane := range l.Lanes {
		l.placeLane(lane, when, line, places)
	}
	for i, m := range l.Messages {
		send, receive := &l.Events[m.Send], &l.Events[m.Receive]
		if m.Class != Wrong && l.timed(i) && send.Lane != receive.Lane && places[send] > places[receive] {
			l.backwards++
		}
	}
	return places
}

// placeLane finds the places of the events of one lane.
func (l *layout) placeLane(lane Lane, when map[*Event]float64, line *timeline, places map[*Event]float64) {
	last, known := l.left+8, false // place of the event before, and whether an event before has a time
	for n, i := range lane.Events {
		e := &l.Events[i]
		next := l.right - 8
		at, ok := when[e]
		later := slices.IndexFunc(lane.Events[n:], func(i int) bool { _, ok := when[&l.Events[i]]; return ok })
		if later >= 0 {
			next = line.x(when[&l.Events[lane.Events[n+later]]])
		}
		switch {
		case ok:
			last, known = line.x(at), true
		case e.Side == 0 || known && later >= 0:
			last = (last + next) / 2
		case e.Side > 0:
			last = next
		}
		places[e] = last
	}
}

// drawMarkers draws the markers of which both ends are in journals, and the folded gaps.
func (l *layout) drawMarkers(at func(*Event) float64) {
	sent := map[snapshot.Channel]Point{}
	each := func(kind Kind, do func(*Event, Point)) {
		for _, lane := range l.Lanes {
			for _, i := range lane.Events {
				if e := &l.Events[i]; e.Kind == kind {
					do(e, Point{at(e), l.laneY(e.Lane)})
				}
			}
		}
	}
	each(MarkerSent, func(e *Event, p Point) { sent[l.channel(e)] = p })
	each(MarkerReceived, func(e *Event, p Point) {
		c := snapshot.Channel{From: e.Peer, To: l.Lanes[e.Lane].ID}
		if from, ok := sent[c]; ok {
			l.Arrows = append(l.Arrows, Arrow{From: from, To: p, Marker: true, Message: -1, Title: "marker " + arrow(c)})
		}
	})
	top, bottom := l.laneY(0)-l.gap/2, l.laneY(len(l.Lanes)-1)+l.gap/2
	free := l.left // x after the last label of a fold
	for _, f := range l.folds {
		l.Folds = append(l.Folds, Fold{f.x, top, bottom})
		text := Text{Point{f.x, top - 6}, ms(f.ms), FoldText, Middle, -1, Single}
		if b := text.Box(); b.Left >= free {
			l.Texts = append(l.Texts, text)
			free = b.Right + 6
		}
	}
}

// drawRealStates writes the states at the end of the lanes.
func (l *layout) drawRealStates() {
	for i, lane := range l.Lanes {
		lines := l.stateLines(lane)
		y := l.laneY(i) - float64(len(lines)-1)*linePx/2 + 4
		for _, line := range lines {
			l.text(l.right+24+l.names+8, y, StateText, Start, line)
			y += linePx
		}
	}
}

// zigzag returns where an arrow crosses the cut, or its middle.
func (l *layout) zigzag(a Arrow) Point {
	cut := l.Cuts[0]
	for i := 1; i < len(cut); i++ {
		if p, ok := intersection(a.From, a.To, cut[i-1], cut[i]); ok {
			return p
		}
	}
	return Point{(a.From.X + a.To.X) / 2, (a.From.Y + a.To.Y) / 2}
}

// intersection returns the common point of two lines.
func intersection(a, b, c, d Point) (Point, bool) {
	dx, dy, ex, ey := b.X-a.X, b.Y-a.Y, d.X-c.X, d.Y-c.Y
	cross := dx*ey - dy*ex
	if cross == 0 {
		return Point{}, false
	}
	t := ((c.X-a.X)*ey - (c.Y-a.Y)*ex) / cross
	u := ((c.X-a.X)*dy - (c.Y-a.Y)*dx) / cross
	return Point{a.X + t*dx, a.Y + t*dy}, t > 0 && t < 1 && u >= 0 && u <= 1
}
