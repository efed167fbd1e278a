package diagram

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"chandy/internal/printable"
	"chandy/snapshot"
)

const barsMax = 12 // processes with bars

// footer draws what stands below the lanes: the key, the bars of lateness and the matrix.
func (l *layout) footer(y float64) {
	y = l.key(y)
	y = l.bars(y)
	if l.matrix {
		y = l.drawMatrix(y)
	}
	l.Height = y + 12
}

// key explains the signs.
func (l *layout) key(y float64) float64 {
	y += 26
	states := "The texts left of the line are the recorded states."
	if l.real {
		states = "The texts at the right are the recorded states. Thin dashed arrows are markers. Dotted columns are gaps that were longer."
	}
	text := "An arrow over the line was in flight: sent before the cut, received after it. " + states
	if l.wrong() > 0 {
		text = "Red, dashed, with a cross: a message that contradicts the cut, such as one that was received before it and sent after it."
	}
	for _, line := range wrapped(text, 160) {
		l.text(marginX, y, Note, Start, line)
		y += 18
	}
	return y
}

// lateness is the time that a process took.
type lateness struct {
	*snapshot.ProcessState
	stages []stage
	delay  snapshot.Delay
	end    float64 // of the stages
}

// text returns what stands beside the bar.
func (l lateness) text() string {
	text := ms(l.end)
	if l.delay.To > l.delay.From { // of its own time
		text += ": " + l.delay.Why
	}
	return printable.Text(short(text, 90))
}

// lateFirst compares two processes, of which the one that was complete later comes first.
func lateFirst(a, b lateness) int {
	complete := func(l lateness) time.Duration {
		if !l.Completed {
			return -1
		}
		return l.CompletedAfter
	}
	return cmp.Or(cmp.Compare(complete(b), complete(a)), cmp.Compare(b.end, a.end))
}

// bars draws how long each process took, the latest first, and marks the process that was last.
func (l *layout) bars(y float64) float64 {
	var all []lateness
	for i := range l.Global.Processes {
		p := &l.Global.Processes[i]
		if stages := l.stages(p); len(stages) > 0 {
			all = append(all, lateness{p, stages, l.Delay(p), stages[len(stages)-1].to})
		}
	}
	if len(all) == 0 {
		return y
	}
	title := "How long each process took from when it first learned of the snapshot, on its own clock. The one that was complete last stands first: it may have learned late. " +
		"Grey: the stages. An upright tick: a marker that came. The thick line under a bar: why the last one was late."
	slices.SortStableFunc(all, lateFirst)
	if len(all) > barsMax {
		title = fmt.Sprintf("%s (The %d latest.)", title, barsMax)
		all = all[:barsMax]
	}
	y += 14
	for _, line := range wrapped(title, 160) {
		l.text(marginX, y, Note, Start, line)
		y += 18
	}
	longest, widest := 0.0, 0
	for _, one := range all {
		longest = max(longest, one.end)
		widest = max(widest, cells(one.text()))
	}
	scale := (l.right - l.left - float64(widest)*cellPx - 8) / longest
	last := l.LastProcess()
	for _, one := range all {
		l.bar(one, y, scale, one.ProcessState == last)
		y += 20
	}
	if last != nil {
		for _, line := range wrapped("last: "+printable.Text(l.Last()), int((l.right-l.left)/cellPx)) {
			l.text(l.left, y+14, BarCritical, Start, line)
			y += 20
		}
	}
	return y
}

// bar draws the stages of one process, and under them a line along what made it late if it was
// the last one. That is named beside the bar.
func (l *layout) bar(one lateness, y, scale float64, critical bool) {
	style := BarText
	if critical {
		style = BarCritical
	}
	l.text(l.left-8, y+12, style, End, shortID(one.ID))
	for i, s := range one.stages {
		title := printable.Text(fmt.Sprintf("%s: %s, until %s", s.name, ms(s.to-s.from), ms(s.to)))
		l.Bars = append(l.Bars, Bar{l.left + s.from*scale, y + 1, max((s.to-s.from)*scale, 0.5), 10, false, i % 2, false, title})
	}
	if from, to := milliseconds(one.delay.From), milliseconds(one.delay.To); critical && to > from {
		l.Bars = append(l.Bars, Bar{l.left + from*scale, y + 12, max((to-from)*scale, 0.5), 4, true, 0, false, printable.Text(one.delay.Why)})
	}
	for _, c := range l.Channels {
		if at := milliseconds(c.MarkerAfter); c.MarkerKnown && c.Channel.To == one.ID && at >= 0 && at <= one.end {
			title := fmt.Sprintf("marker of %s after %s", c.Channel.From, ms(at))
			l.Bars = append(l.Bars, Bar{l.left + at*scale - 0.75, y, 1.5, 12, false, 0, true, title})
		}
	}
	l.text(l.left+one.end*scale+8, y+12, style, Start, one.text())
}
