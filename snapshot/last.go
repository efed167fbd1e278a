package snapshot

import (
	"cmp"
	"fmt"
	"time"
)

// Last says for people which process completed its part last, and why, for example
// "p2, 102 ms: the marker of p3 came after 98 ms". It is empty if no part is complete. The
// first time is on the clock of the assembler.
func (g *Global) Last() string {
	last := g.LastProcess()
	if last == nil {
		return ""
	}
	text := fmt.Sprintf("%s, %s", last.ID, shortly(last.CompletedAfter))
	if why := g.Delay(last).Why; why != "" {
		text += ": " + why
	}
	return text
}

// LastProcess returns the process that completed its part last, by the clock of the assembler.
// It returns nil if no part is complete.
func (g *Global) LastProcess() (last *ProcessState) {
	for i := range g.Processes {
		if p := &g.Processes[i]; p.Completed && (last == nil || written(p.CompletedAfter) > written(last.CompletedAfter)) {
			last = p
		}
	}
	return last
}

// Delay is the stage that took longest of the time until the part of a process was complete.
type Delay struct {
	// From and To are times of the process, see [Times]. They are equal if the time passed
	// before the process learned of the snapshot, or while its part was on its way.
	From, To time.Duration
	Why      string // for people, with the length; empty if the process has no times
}

// Delay returns why the part of a process was complete only after some time.
func (g *Global) Delay(p *ProcessState) Delay {
	if p.Times == nil {
		return Delay{}
	}
	times := *p.Times
	for _, at := range times.Stages() {
		*at = written(*at)
	}
	from, marker := g.lastMarker(p.ID)
	return times.longest(from, marker, written(p.CompletedAfter))
}

// written returns a time as the JSON has it. A snapshot and its JSON name the same reason.
func written(d time.Duration) time.Duration { return d.Truncate(time.Microsecond) }

// lastMarker returns from which process the last marker came to a process, and when.
func (g *Global) lastMarker(to ProcessID) (from ProcessID, after time.Duration) {
	for _, c := range g.Channels {
		if at := written(c.MarkerAfter); c.Channel.To == to && c.MarkerKnown && (from == "" || at > after) {
			from, after = c.Channel.From, at
		}
	}
	return from, after
}

// longest returns the longest stage.
func (t *Times) longest(from ProcessID, marker, complete time.Duration) (d Delay) {
	own, longest := time.Duration(0), time.Duration(0)
	stage := func(begin, end time.Duration, format string, a ...any) {
		if own = max(own, end); end-begin > longest {
			longest = end - begin
			d = Delay{begin, end, fmt.Sprintf(format, append(a, shortly(longest))...)}
		}
	}
	asked := cmp.Or(max(t.Asked, 0), max(t.Held, 0))
	stage(max(t.Held, 0), max(t.Settled, asked), "%s passed until its program could be asked for its state")
	stage(asked, t.Encoded, "its state took %s")
	if from != "" && marker > own {
		stage(0, marker, "the marker of %s came after %s", from)
	}
	// A small state is sent together with the last channel, so it waits for the marker too.
	stage(max(t.Encoded, marker, 0), t.Sent, "its state waited %s to be sent")
	if before := complete - own; before > longest { // lengths, so their difference is one too
		return Delay{Why: fmt.Sprintf("%s passed before it learned of the snapshot, or while its part was on its way", shortly(before))}
	}
	return d
}

// shortly returns a length of time in milliseconds, for people.
func shortly(d time.Duration) string {
	ms := float64(d.Microseconds()) / 1e3
	switch {
	case ms >= 10:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 1:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}
