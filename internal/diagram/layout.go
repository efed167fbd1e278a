package diagram

import (
	"fmt"
	"math"

	"chandy/internal/printable"
)

const (
	pictureWidth = 1280.0
	columnMin    = 15.0 // px of a column of logical time, unless the options ask for more events
	sideMost     = 40   // columns on one side of the cut, likewise: more say little about the cut
	columnMost   = 56.0 // px
)

// layout is a picture while it is made.
type layout struct {
	*Story
	Picture
	names       float64 // px for the ids on either side
	states      float64 // px for the states, left of the cut
	labels      float64 // px for the labels, right of it
	column      float64 // px of a column
	left, right float64 // where the events end
	cut         float64 // x of the cut
	top         float64 // of the lanes
	gap         float64 // between lanes
	before      int     // columns before the cut
	after       int
	real        bool   // x is real time
	folds       []fold // in real time
	backwards   int    // arrows that run to the left because clocks differ
	matrix      bool   // the channels in flight stand in a matrix, not in labels
}

// Layout returns the picture in logical time: the cut is a straight line, and all columns
// have the same width. It leaves out of the story the events for which there is no room.
func (s *Story) Layout() *Picture {
	l := &layout{Story: s}
	l.Width = pictureWidth
	l.chooseSizes()
	l.header()
	l.drawLanes(func(int) float64 { return l.cut })
	l.drawCut()
	l.drawEvents(l.logicalX)
	l.captions()
	l.drawStates()
	l.placeLabels()
	l.footer(l.laneY(len(l.Lanes)-1) + l.gap/2)
	return &l.Picture
}

// chooseSizes finds the widths from the longest texts, and the window from what is left.
func (l *layout) chooseSizes() {
	flights := 0
	for _, m := range l.Messages {
		if m.Class >= InFlight {
			flights++
			l.labels = max(l.labels, float64(cells(l.labelText(m)))*cellPx)
		}
	}
	for _, lane := range l.Lanes {
		l.names = max(l.names, float64(cells(shortID(lane.ID)))*cellPx*13/fontPx)
		for _, line := range l.stateLines(lane) {
			l.states = max(l.states, float64(cells(line))*cellPx)
		}
	}
	lanes := len(l.Lanes)
	l.matrix = lanes > quietLanes && flights > lanes
	if l.matrix {
		l.labels = 0
	}
	l.gap = 78
	if lanes >= quietLanes {
		l.gap = 52
	}
	if !l.matrix {
		l.gap = max(l.gap, float64(flights+1)*(linePx+2)/float64(max(lanes, 1)))
	}
	l.left = marginX + l.names + 14
	l.right = l.Width - marginX - l.names - 14
	room := l.right - l.left - l.states - l.labels - 40
	columns, most := int(room/columnMin)-2, sideMost
	if l.EventsMax > 0 {
		columns, most = len(l.Events), len(l.Events)
	}
	if l.real { // the events were chosen before
		return
	}
	l.before, l.after = l.window(columns, most)
	l.limit(l.before, l.after)
	l.column = min(columnMost, room/float64(l.before+l.after+2))
	spare := room - l.column*float64(l.before+l.after+2)
	l.cut = l.left + spare/2 + l.column*float64(l.before+1) + l.states + 20
}

// header writes the sentence, and what is not in the picture.
func (l *layout) header() {
	y := 28.0
	write := func(style Style, text string) {
		for _, line := range wrapped(text, int((l.Width-2*marginX)/(style.size()*cellPx/fontPx))) {
			l.text(marginX, y, style, Start, line)
			y += style.size() + 5
		}
	}
	sentence := l.sentence()
	l.Name = "Snapshot " + printable.Text(string(l.Global.ID)) + " of " + printable.Text(l.Cluster) + ": " + sentence
	write(Headline, sentence)
	for _, fault := range l.Faults[:min(len(l.Faults), 3)] {
		write(Alarm, printable.Text(fault))
	}
	for _, line := range l.notes() {
		write(Note, line)
	}
	l.top = y + 2*linePx + l.gap/2
}

// notes says what the picture does not show, and what its reader cannot see.
func (l *layout) notes() (all []string) {
	if n := len(l.Waits); n > 0 {
		text := ""
		for i, w := range l.Waits[:min(n, 6)] {
			if i > 0 {
				text += " · "
			}
			text += w
		}
		if n > 6 {
			text += fmt.Sprintf(" · and %d more", n-6)
		}
		all = append(all, printable.Text(text))
	}
	if text := l.sums(); text != "" {
		all = append(all, printable.Text(text))
	}
	if l.Quiet > 0 {
		all = append(all, fmt.Sprintf("+%d quiet: processes without a message in flight have no lane", l.Quiet))
	}
	if l.Busy > 0 {
		all = append(all, fmt.Sprintf("+%d without a lane: only %s drawn", l.Busy, count(uint64(l.LanesMax), "lane is", "lanes are")))
	}
	if l.OutOfSight > 0 {
		all = append(all, count(uint64(l.OutOfSight), "event", "events")+" further from the cut: not drawn")
	}
	if l.Dropped > 0 {
		all = append(all, count(uint64(l.Dropped), "more arrow", "more arrows")+" over the cut: not drawn")
	}
	if n := l.omitted(); n > 0 {
		all = append(all, count(n, "event", "events")+" that the nodes knew: not in the journals of the snapshot")
	}
	if l.Loops > 0 {
		all = append(all, "the journals contradict each other: "+count(uint64(l.Loops), "message", "messages")+" would be received before being sent")
	}
	if l.backwards > 0 {
		all = append(all, count(uint64(l.backwards), "arrow runs", "arrows run")+" to the left: the clocks of the processes differ")
	}
	if len(l.Journals) == 0 && len(l.Messages) > 0 {
		all = append(all, "without a journal: hollow circles show only that a message was sent before the cut and received after it")
	}
	return all
}

// omitted returns how many events of the lanes the journals leave out.
func (s *Story) omitted() (n uint64) {
	for _, lane := range s.Lanes {
		if j := s.Journals[lane.ID]; j != nil {
			n += min(j.Omitted, math.MaxUint64-n) // a damaged document may have any number
		}
	}
	return n
}

func (l *layout) text(x, y float64, style Style, anchor Anchor, text string) {
	l.Texts = append(l.Texts, Text{Point{x, y}, text, style, anchor, -1, Single})
}

func (l *layout) laneY(i int) float64 { return l.top + float64(i)*l.gap }

// drawCut draws the cut as a straight line.
func (l *layout) drawCut() {
	l.Cuts = [][]Point{{{l.cut, l.top - l.gap/2}, {l.cut, l.laneY(len(l.Lanes)-1) + l.gap/2}}}
}

// captions says what the line is.
func (l *layout) captions() {
	y := l.top - l.gap/2 + 4
	before := Text{Point{l.cut - 14, y}, "before each process recorded its state", Note, End, -1, Single}
	if before.Box().Left < marginX {
		before.Text = "before"
	}
	l.Texts = append(l.Texts, before)
	l.text(l.cut+14, y, Note, Start, "after")
	l.text(l.cut, y-16, Note, Middle, "the cut")
}

// logicalX returns where an event stands. The states and the labels stand between the events
// before the cut and the ones after it.
func (l *layout) logicalX(e *Event) float64 {
	switch {
	case e.Column < 0:
		return l.cut - l.states - 20 + float64(e.Column)*l.column + l.column/2
	case e.Column > 0:
		return l.cut + l.labels + 20 + float64(e.Column)*l.column - l.column/2
	}
	return l.cut
}

// wrapped cuts a text into lines at its spaces.
func wrapped(text string, most int) (lines []string) {
	line, n := "", 0
	for i, word := range splitWords(text) {
		w := cells(word)
		if i > 0 && n+1+w > most {
			lines = append(lines, line)
			line, n = "", 0
		}
		if n > 0 {
			line += " "
			n++
		}
		word = short(word, most)
		line += word
		n += w
	}
	return append(lines, line)
}
