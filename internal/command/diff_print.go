package command

import (
	"fmt"
	"unicode/utf8"
)

// print prints the differences for people: a line each.
func (d *differences) print(e *env) {
	if d.Equal && len(d.Unknown) == 0 {
		printLine(e.Stdout, "equal")
	}
	for _, p := range d.Processes {
		p.print(e)
	}
	for _, c := range d.Channels {
		printLine(e.Stdout, "%s: %s", c.Channel, c.text())
	}
	if !d.Equal {
		for _, text := range d.Unknown {
			printLine(e.Stderr, "chandy: cannot compare %s", text)
		}
	}
}

func (p processDifference) print(e *env) {
	if p.Only != "" {
		printLine(e.Stdout, "%s: only in the %s snapshot", p.Process, whichSnapshot(p.Only))
	}
	if p.Anew {
		printLine(e.Stdout, "%s: began anew", p.Process)
	}
	if p.Note != "" {
		printLine(e.Stdout, "%s: %s", p.Process, p.Note)
	}
	for _, c := range p.Changes {
		path := c.Path
		if path == "" {
			path = "the whole state"
		}
		printLine(e.Stdout, "%s: %s: %s -> %s", p.Process, path, valueText(c.Old), valueText(c.New))
	}
}

func (c channelDifference) text() string {
	switch {
	case c.Only != "":
		return "only in the " + whichSnapshot(c.Only) + " snapshot"
	case c.Anew:
		return fmt.Sprintf("began anew; in flight %s -> %s", spanText(c.A), spanText(c.B))
	}
	return fmt.Sprintf("sent %d, received %d between the cuts; in flight %s -> %s", *c.Sent, *c.Received, spanText(c.A), spanText(c.B))
}

func whichSnapshot(only string) string {
	if only == "a" {
		return "first"
	}
	return "second"
}

// spanText writes the numbers of messages: 5, 5-9 or none.
func spanText(s []uint64) string {
	switch {
	case len(s) == 0:
		return "none"
	case s[0] == s[1]:
		return fmt.Sprint(s[0])
	}
	return fmt.Sprintf("%d-%d", s[0], s[1])
}

// valueMax is how many characters of a value diff prints for people.
const valueMax = 60

func valueText(v []byte) string {
	if v == nil {
		return "none"
	}
	short := cut(string(v[:min(len(v), utf8.UTFMax*valueMax)]), valueMax)
	if len(short) < len(v) {
		short += "…"
	}
	return short
}
