package diagram

import (
	"fmt"
	"io"
	"math"
	"strings"

	"chandy/internal/printable"
	"chandy/snapshot"
)

const (
	topologyTop  = 96.0 // px above the circle of processes
	nodeHeight   = 26.0
	nodeDistance = 74.0 // px between two processes, at least
	edgesStrong  = 200  // channels up to which a line has full strength
)

// Topology writes a topology as one SVG file. The processes stand in a circle, the ones of a
// strongly connected component side by side, and a bow outside the circle joins them.
func Topology(w io.Writer, name string, t *snapshot.Topology) error {
	m := newTopologyMap(t)
	s := &svg{Picture: &Picture{Width: m.size, Height: m.height, Name: "Topology of " + name}}
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" role="img">`+"\n<title>%s</title>\n<style>%s%s</style>\n",
		num(s.Width), num(s.Height), escape(s.Name), svgStyle, topologyStyle)
	s.printf(`<rect class="bg" width="%s" height="%s"/>`+"\n", num(s.Width), num(s.Height))
	for i, line := range m.head(name) {
		style := []string{"head", "note"}[min(i, 1)]
		s.printf(`<text class="%s" x="16" y="%d">%s</text>`+"\n", style, 28+20*i, escape(line))
	}
	m.bows(s)
	m.edges(s)
	for _, id := range t.Processes {
		p, label := m.at[id], shortID(id)
		width := float64(cells(label))*8 + 14
		s.printf(`<rect class="node" x="%s" y="%s" width="%s" height="%s" rx="13"/><text class="name" text-anchor="middle" x="%s" y="%s">%s</text>`+"\n",
			num(p.X-width/2), num(p.Y-nodeHeight/2), num(width), num(nodeHeight), num(p.X), num(p.Y+4.5), escape(label))
	}
	s.WriteString("</svg>\n")
	_, err := w.Write([]byte(s.String()))
	return err
}

const topologyStyle = `.node{fill:#fff;stroke:#1b1b1b;stroke-width:1.4}
.edge{fill:none;stroke:#1b1b1b;stroke-width:1.2}
.bow{fill:none;stroke:#0072b2;stroke-width:5;stroke-linecap:round;opacity:.7}
@media (prefers-color-scheme:dark){
.node{fill:#14171a;stroke:#e8e8e8}
.edge{stroke:#e8e8e8}
.bow{stroke:#56b4e9}
}
`

// topologyMap is where the processes of a topology stand.
type topologyMap struct {
	*snapshot.Topology
	components   [][]snapshot.ProcessID
	at           map[snapshot.ProcessID]Point
	angle        map[snapshot.ProcessID]float64
	size, height float64
	center       Point
	radius       float64
}

func newTopologyMap(t *snapshot.Topology) *topologyMap {
	m := &topologyMap{Topology: t, components: t.Components(), at: map[snapshot.ProcessID]Point{}, angle: map[snapshot.ProcessID]float64{}}
	n := float64(len(t.Processes))
	if n > 1 {
		m.radius = max(130, nodeDistance*n/(2*math.Pi))
	}
	m.size = max(720, 2*(m.radius+90))
	m.center = Point{m.size / 2, topologyTop + 40 + m.radius}
	m.height = m.center.Y + m.radius + 60
	i := 0
	for _, component := range m.components {
		for _, id := range component {
			m.angle[id] = 2*math.Pi*float64(i)/n - math.Pi/2
			m.at[id] = m.on(m.angle[id], m.radius)
			i++
		}
	}
	return m
}

// on returns the point of a circle round the center.
func (m *topologyMap) on(angle, radius float64) Point {
	return Point{m.center.X + radius*math.Cos(angle), m.center.Y + radius*math.Sin(angle)}
}

// head returns the texts above the picture.
func (m *topologyMap) head(name string) []string {
	lines := []string{fmt.Sprintf("%s · %s · %s · %s", printable.Text(name), count(uint64(len(m.Processes)), "process", "processes"),
		count(uint64(len(m.Channels)), "channel", "channels"), count(uint64(len(m.components)), "strongly connected component", "strongly connected components"))}
	sources := m.Sources()
	if len(sources) == 1 {
		lines = append(lines, "A snapshot reaches every process from any one of: "+some(sources[0]))
	} else {
		lines = append(lines, fmt.Sprintf("A snapshot needs %d initiators to reach every process, one from each of the components that no channel enters.", len(sources)))
	}
	if len(m.components) < len(m.Processes) {
		lines = append(lines, "A bow joins the processes of a component: each reaches each other one.")
	}
	return lines
}

// some lists the first processes.
func some(ids []snapshot.ProcessID) string {
	const most = 8
	var names []string
	for _, id := range ids[:min(len(ids), most)] {
		names = append(names, string(id))
	}
	text := strings.Join(names, ", ")
	if more := len(ids) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// bows draws a bow outside of each component of more than one process.
func (m *topologyMap) bows(s *svg) {
	step := math.Pi / float64(len(m.Processes)) * 0.7
	for _, component := range m.components {
		if len(component) == 1 {
			continue
		}
		if len(component) == len(m.Processes) {
			s.printf(`<circle class="bow" cx="%s" cy="%s" r="%s"/>`+"\n", num(m.center.X), num(m.center.Y), num(m.radius+32))
			continue
		}
		from, to := m.angle[component[0]]-step, m.angle[component[len(component)-1]]+step
		large := 0
		if to-from > math.Pi {
			large = 1
		}
		radius := num(m.radius + 32)
		s.printf(`<path class="bow" d="M%sA%s %s 0 %d 1 %s"/>`+"\n", pair(m.on(from, m.radius+32)), radius, radius, large, pair(m.on(to, m.radius+32)))
	}
}

// edges draws the channels. Two that run opposite to each other are one line with two heads.
func (m *topologyMap) edges(s *svg) {
	there := map[snapshot.Channel]bool{}
	for _, c := range m.Channels {
		there[c] = true
	}
	strength := min(1, max(0.15, edgesStrong/float64(max(len(m.Channels), 1))))
	s.printf(`<g class="edge" opacity="%s">`+"\n", num(strength))
	for _, c := range m.Channels {
		back := snapshot.Channel{From: c.To, To: c.From}
		switch {
		case c.From == c.To:
			p := m.at[c.From]
			s.printf(`<path d="M%s %sa14 14 0 1 1 12 0m-1-6l1 6l6-2"/>`+"\n", num(p.X-6), num(p.Y-nodeHeight/2))
		case there[back] && c.From > c.To: // drawn with the other one
		default:
			from, to := trimmed(m.at[c.From], m.at[c.To])
			d := Arrow{From: from, To: to}.path()
			if there[back] {
				d += Arrow{From: to, To: from}.path()
			}
			s.printf(`<path d="%s"/>`+"\n", d)
		}
	}
	s.WriteString("</g>\n")
}

// trimmed shortens a line, so that it ends outside of the processes.
func trimmed(from, to Point) (Point, Point) {
	dx, dy := to.X-from.X, to.Y-from.Y
	length := math.Hypot(dx, dy)
	// The ends are wider than high.
	gap := min(length/3, 18+14*math.Abs(dx)/length)
	return Point{from.X + dx/length*gap, from.Y + dy/length*gap}, Point{to.X - dx/length*gap, to.Y - dy/length*gap}
}
