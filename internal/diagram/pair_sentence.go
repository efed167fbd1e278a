package diagram

import (
	"fmt"
	"strings"

	"chandy/internal/difference"
	"chandy/internal/printable"
)

// tally counts what differs between two snapshots, without regard to lanes.
type tally struct {
	states, changed, alone, unsure, anew int    // processes
	gone, new, same, unsureChannels      uint64 // messages in flight; channels that cannot be compared
	sent, received                       int64  // messages between the cuts
	lower, higher                        bool   // B has counts that are lower, or higher
}

// count counts what differs.
func (p *Pair) count() {
	t := &p.tally
	t.states = len(p.processes)
	for id := range p.missing {
		if _, ok := p.processes[id]; !ok {
			t.states, t.unsure = t.states+1, t.unsure+1 // missing in both
		}
	}
	for id, d := range p.processes {
		switch sign := p.sign(id); {
		case sign == Unsure:
			t.unsure++
		case d.Where != difference.Both:
			t.alone++
		case sign == Changed:
			t.changed++
		}
		if d.Anew {
			t.anew++
		}
	}
	flight := [2]uint64{}
	for half, s := range p.Stories {
		for _, c := range s.Channels {
			if d := p.channels[c.Channel]; c.Known && d.Unknown == "" {
				flight[half] += c.Sent - c.Received
			}
		}
	}
	for _, c := range p.channels {
		if c.Unknown != "" {
			t.unsureChannels++
		}
		if first, last := both(c); first > 0 && first <= last {
			t.same += last - first + 1
		}
		t.sent += c.Sent
		t.received += c.Received
		t.lower = t.lower || c.Sent < 0 || c.Received < 0
		t.higher = t.higher || c.Sent > 0 || c.Received > 0
	}
	t.gone, t.new = flight[0]-t.same, flight[1]-t.same
}

// sentence says what changed: "3 of 5 states changed · 4 messages no longer in flight · 2 new
// in flight".
func (p *Pair) sentence() string {
	t := &p.tally
	var parts []string
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(t.changed > 0, "%d of %s changed", t.changed, count(uint64(t.states), "state", "states"))
	add(t.changed == 0, "no state changed")
	add(t.alone > 0, "%s in one snapshot only", count(uint64(t.alone), "process", "processes"))
	add(t.gone > 0, "%s no longer in flight", count(t.gone, "message", "messages"))
	add(t.new > 0, "%s newly in flight", count(t.new, "message", "messages"))
	add(t.same > 0, "%s in flight in both", count(t.same, "message", "messages"))
	add(t.gone+t.new+t.same == 0, "no message in flight in either")
	var unsure []string
	if t.unsure > 0 {
		unsure = append(unsure, count(uint64(t.unsure), "state", "states"))
	}
	if t.unsureChannels > 0 {
		unsure = append(unsure, count(t.unsureChannels, "channel", "channels"))
	}
	add(len(unsure) > 0, "%s cannot be compared", strings.Join(unsure, " and "))
	return strings.Join(parts, " · ")
}

// notes says what a reader of the pair must know besides.
func (p *Pair) notes() (all []string) {
	t := &p.tally
	a, b := p.Stories[0], p.Stories[1]
	if a.Cluster != b.Cluster {
		all = append(all, printable.Text("two clusters: "+a.Cluster+" and "+b.Cluster))
	}
	switch {
	case a.Epoch != b.Epoch:
		all = append(all, fmt.Sprintf("epoch %d and epoch %d: all channels began to count anew", a.Epoch, b.Epoch))
	case t.anew > 0:
		all = append(all, count(uint64(t.anew), "process", "processes")+" began anew between the cuts")
	}
	switch {
	case t.lower && t.higher: // snapshots that were in progress at the same time
		all = append(all, "neither cut is before the other one: B has lower counts on some channels, and higher ones on others")
	case t.lower:
		all = append(all, "B is the older snapshot: it has lower counts than A")
	case t.higher && t.unsureChannels == 0:
		all = append(all, fmt.Sprintf("between the cuts: %s sent, %s received", count(uint64(t.sent), "message", "messages"), thousands(uint64(t.received))))
	}
	if p.Quiet > 0 {
		all = append(all, fmt.Sprintf("+%d without a lane: nothing changed there, and nothing is in flight", p.Quiet))
	}
	if p.Busy > 0 {
		all = append(all, fmt.Sprintf("+%d without a lane: only %d lanes are drawn", p.Busy, len(a.Lanes)))
	}
	return all
}

// heading returns the lines about one of the snapshots.
func (p *Pair) heading(half int) []string {
	s := p.Stories[half]
	lines := []string{
		letters[half] + " · " + s.StartedAt.UTC().Format("2006-01-02 15:04:05.000") + " UTC · " + s.verdict(),
		"snapshot " + string(s.Global.ID),
	}
	for _, text := range []string{s.missing(), s.sums()} {
		if text != "" {
			lines = append(lines, text)
		}
	}
	if len(s.Waits) > 0 {
		lines = append(lines, s.Waits[0])
	}
	for i := range lines {
		lines[i] = printable.Text(lines[i])
	}
	return lines
}
