package diagram

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"chandy/internal/printable"
)

// drawLanes draws the lanes with their ids. The function at returns where the recording of a
// lane stands.
func (l *layout) drawLanes(at func(lane int) float64) {
	for i, lane := range l.Lanes {
		y := l.laneY(i)
		l.Lines = append(l.Lines, LaneLine{y, l.left, at(i), l.right, lane.Process == nil})
		name := shortID(lane.ID)
		l.text(l.left-8, y+4, LaneName, End, name)
		l.text(l.right+8, y+4, LaneName, Start, name)
	}
}

// drawEvents draws the events and the messages. The function at returns where an event stands.
func (l *layout) drawEvents(at func(*Event) float64) {
	place := func(i int) Point {
		e := &l.Events[i]
		return Point{at(e), l.laneY(e.Lane)}
	}
	var classes [Wrong + 1]int
	for _, m := range l.Messages {
		classes[m.Class]++
	}
	for i, m := range l.Messages {
		crowd := l.matrix && (m.Class == InFlight || m.Class > InFlight && classes[m.Class] > singlesMax)
		a := Arrow{From: place(m.Send), To: place(m.Receive), Class: m.Class, Thick: m.Count > 1, Crowd: crowd, Message: i, Title: l.title(m)}
		if m.Send >= 0 && l.Events[m.Send].Lane == l.Events[m.Receive].Lane {
			a.Loop, a.Rise = true, l.gap*0.4
		}
		a.Cross = l.crossing(a)
		l.Arrows = append(l.Arrows, a)
	}
	for _, lane := range l.Lanes {
		for _, i := range lane.Events {
			e := &l.Events[i]
			if e.width() == 0 && e.Kind != Recorded {
				continue
			}
			class := Past
			switch {
			case e.Message >= 0 && l.Messages[e.Message].Class >= InFlight:
				class = l.Messages[e.Message].Class
			case e.Side > 0:
				class = Future
			}
			l.Marks = append(l.Marks, Mark{place(i), i, e.Kind, class, e.Implied, e.Message < 0 && e.Side != 0})
		}
	}
}

// crossing returns where an arrow runs over the cut, if it does.
func (l *layout) crossing(a Arrow) Point {
	switch m := l.Messages[a.Message]; {
	case l.real && m.Class < InFlight:
		return Point{}
	case l.real:
		return l.zigzag(a)
	}
	if (a.From.X-l.cut)*(a.To.X-l.cut) >= 0 {
		return Point{}
	}
	part := (l.cut - a.From.X) / (a.To.X - a.From.X)
	if a.Loop {
		return Point{l.cut, a.From.Y - a.Rise*4*part*(1-part)}
	}
	return Point{l.cut, a.From.Y + (a.To.Y-a.From.Y)*part}
}

// title returns the text about a message that people see when they point at it.
func (l *layout) title(m Message) string {
	text := fmt.Sprintf("%s %d", arrow(m.Channel), m.First)
	if m.Count > 1 {
		text = fmt.Sprintf("%s %d … %d", arrow(m.Channel), m.First, m.First+m.Count-1)
	}
	e := &l.Events[m.Send]
	if e.Implied {
		e = &l.Events[m.Receive]
	}
	switch {
	case m.Count > 1:
	case len(m.Payloads) > 0:
		text += ": " + message(m.Payloads[0])
	case e.Type != "":
		text += ": " + printable.Text(e.Type)
	}
	return text
}

// drawStates writes the states at the cut, left of it.
func (l *layout) drawStates() {
	for i, lane := range l.Lanes {
		lines := l.stateLines(lane)
		y := l.laneY(i) - float64(len(lines)-1)*linePx/2 + 4
		for _, line := range lines {
			l.text(l.cut-14, y, StateText, End, line)
			y += linePx
		}
	}
}

// labelText returns the label of an arrow over the cut, with its channel.
func (s *Story) labelText(m Message) string {
	return shortID(m.Channel.From) + "→" + shortID(m.Channel.To) + "  " + s.label(m)
}

// placeLabels writes a label for each arrow over the cut, right of the line and beside the
// place where the arrow crosses it. Labels that would overlap move apart.
func (l *layout) placeLabels() {
	if l.matrix {
		return
	}
	var labels []Text
	for i, a := range l.Arrows {
		m := l.Messages[a.Message]
		if m.Class < InFlight {
			continue
		}
		style := FlightLabel
		if m.Class == Wrong {
			style = WrongLabel
		}
		labels = append(labels, Text{Point{l.cut + 14, a.Cross.Y + 4}, l.labelText(m), style, Start, i, Single})
	}
	slices.SortStableFunc(labels, func(a, b Text) int { return compareY(a.Point, b.Point) })
	spread(labels, l.top-l.gap/2+linePx+8, l.laneY(len(l.Lanes)-1)+l.gap/2)
	l.Texts = append(l.Texts, labels...)
}

// spread moves sorted labels apart, so that none overlaps and all are between top and bottom.
func spread(labels []Text, top, bottom float64) {
	const step = linePx + 1
	y := top
	for i := range labels {
		labels[i].Y = max(labels[i].Y, y)
		y = labels[i].Y + step
	}
	y = bottom
	for i := len(labels) - 1; i >= 0; i-- {
		labels[i].Y = min(labels[i].Y, y)
		y = labels[i].Y - step
	}
}

func splitWords(text string) []string { return strings.Split(text, " ") }

func compareY(a, b Point) int { return cmp.Compare(a.Y, b.Y) }
