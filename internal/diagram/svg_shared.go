package diagram

import (
	"slices"
	"strings"
)

// sharing collects the lines of what shares a path, by class.
type sharing struct {
	classes []string
	lines   map[string]*strings.Builder
}

func (h *sharing) write(class, line string) {
	if h.lines[class] == nil {
		if h.lines == nil {
			h.lines = map[string]*strings.Builder{}
		}
		h.lines[class] = &strings.Builder{}
		h.classes = append(h.classes, class)
	}
	h.lines[class].WriteString(line)
}

// paths writes a path for each class, sorted.
func (h *sharing) paths(s *svg) {
	slices.Sort(h.classes)
	for _, class := range h.classes {
		s.printf(`<path class="%s" d="%s"/>`+"\n", class, h.lines[class])
	}
}

// dots collects dots that share a path.
type dots struct {
	sharing
	last map[string]Point // rounded
}

// dot writes a dot, relative to the one before if both are on the same lane: that is shorter.
func (d *dots) dot(class string, p Point) {
	p = Point{tenths(p.X), tenths(p.Y)}
	line := "M" + pair(p) + "h0"
	if last, ok := d.last[class]; ok && last.Y == p.Y {
		line = "m" + num(p.X-last.X) + " 0h0"
	}
	if d.last == nil {
		d.last = map[string]Point{}
	}
	d.last[class] = p
	d.write(class, line)
}
