package diagram

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"chandy/internal/printable"
)

// SVG writes a picture as one SVG file without scripts and without references.
func SVG(w io.Writer, p *Picture) error {
	s := &svg{Picture: p}
	s.document("")
	_, err := w.Write([]byte(s.String()))
	return err
}

// svg builds the text of an SVG file.
type svg struct {
	*Picture
	strings.Builder
	interactive bool // each event and message is an element of its own, with its index
}

func (s *svg) printf(format string, a ...any) { fmt.Fprintf(s, format, a...) }

// document writes the svg element. The attributes are added to it.
func (s *svg) document(attributes string) {
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" role="img"%s>`+"\n",
		num(s.Width), num(s.Height), attributes)
	s.printf("<title>%s</title>\n", escape(s.Name))
	if !s.interactive {
		s.printf("<style>%s</style>\n", s.style())
	}
	s.printf(`<rect class="bg" width="%s" height="%s"/>`+"\n", num(s.Width), num(s.Height))
	for _, f := range s.Folds {
		s.printf(`<path class="fold" d="M%s %sV%s"/>`+"\n", num(f.X), num(f.Top), num(f.Bottom))
	}
	s.lanes()
	s.arrows()
	s.marks()
	s.bars()
	s.texts()
	s.WriteString("</svg>\n")
}

func (s *svg) lanes() {
	for _, l := range s.Lines {
		class := "lane"
		if l.Missing {
			class = "lane gone"
		}
		s.printf(`<path class="%s" d="M%s %sH%s"/><path class="%[1]s f" d="M%[4]s %[3]sH%[5]s"/>`+"\n", class, num(l.Left), num(l.Y), num(l.Cut), num(l.Right))
	}
	for _, cut := range s.Cuts {
		var d strings.Builder
		for i, p := range cut {
			fmt.Fprintf(&d, "%c%s %s", "ML"[min(i, 1)], num(p.X), num(p.Y))
		}
		s.printf(`<path class="cut" d="%s"/>`+"\n", d.String())
	}
}

// classes are the classes of style of messages and events, by Class.
var classes = [...]string{Past: "p", Future: "f", InFlight: "i", Unrecorded: "u", Wrong: "w"}

// arrows writes the messages. Arrows that do not cross the cut share an element, unless each
// must be an element of its own: that saves three quarters of the file.
func (s *svg) arrows() {
	shared := map[string]*strings.Builder{"a p": {}, "a f": {}, "a k": {}}
	for _, a := range s.Arrows {
		class := "a " + classes[a.Class]
		if a.Sign == Same {
			class += " same"
		}
		if a.Marker {
			class = "a k"
		}
		if b := shared[class]; b != nil && !s.interactive {
			b.WriteString(a.path())
			continue
		}
		switch {
		case a.Faint:
			class += " q"
		case a.Thick:
			class += " t"
		}
		s.printf(`<g class="%s"%s>`, class, s.index("m", a.Message))
		s.printf(`<title>%s</title><path d="%s"/>`, escape(a.Title), a.path())
		if s.interactive {
			s.printf(`<path class="z" d="%s"/>`, a.line())
		}
		if a.Class == Wrong {
			x, y := num(a.Cross.X), num(a.Cross.Y)
			s.printf(`<path class="x" d="M%s %sm-7-7l14 14m0-14l-14 14"/>`, x, y)
		} else if a.Cross != (Point{}) {
			s.printf(`<circle cx="%s" cy="%s" r="3.5"/>`, num(a.Cross.X), num(a.Cross.Y))
		}
		s.WriteString("</g>\n")
	}
	for _, class := range []string{"a p", "a f", "a k"} {
		if b := shared[class]; b.Len() > 0 {
			s.printf(`<path class="%s" d="%s"/>`+"\n", class, b.String())
		}
	}
}

// bend returns the point towards which an arrow leaves, and from which it comes.
func (a Arrow) bend() Point {
	middle := Point{(a.From.X + a.To.X) / 2, (a.From.Y + a.To.Y) / 2}
	if a.Loop {
		middle.Y -= 2 * a.Rise
	}
	return middle
}

// line returns the line of an arrow.
func (a Arrow) line() string {
	if a.Loop {
		return "M" + pair(a.From) + "Q" + pair(a.bend()) + " " + pair(a.To)
	}
	return "M" + pair(a.From) + "L" + pair(a.To)
}

// path returns the line of an arrow and its head.
func (a Arrow) path() string {
	to, bend := a.To, a.bend()
	angle := math.Atan2(to.Y-bend.Y, to.X-bend.X)
	const length, spread = 7.0, 0.45
	head := func(turn float64) Point {
		return Point{to.X - length*math.Cos(angle+turn), to.Y - length*math.Sin(angle+turn)}
	}
	return a.line() + "M" + pair(head(spread)) + "L" + pair(to) + "L" + pair(head(-spread))
}

// marks writes the events. A dot is a line of no length with a round end.
func (s *svg) marks() {
	var keys []string
	shared := map[string]*strings.Builder{}
	for _, class := range classes {
		for _, key := range []string{class, class + " s"} {
			keys = append(keys, key)
			shared[key] = &strings.Builder{}
		}
	}
	for _, m := range s.Marks {
		class, radius := classes[m.Class], "3"
		if m.Small {
			class, radius = class+" s", "1.6"
		}
		switch {
		case m.Kind == Recorded:
			s.printf(`<path class="e r"%s d="M%sm0-6l6 6l-6 6l-6-6z"/>`+"\n", s.index("e", m.Event), pair(m.Point))
		case m.Hollow || s.interactive:
			hollow := ""
			if m.Hollow {
				hollow = " h"
			}
			s.printf(`<circle class="e %s%s"%s cx="%s" cy="%s" r="%s"/>`+"\n", class, hollow, s.index("e", m.Event), num(m.X), num(m.Y), radius)
		default:
			fmt.Fprintf(shared[class], "M%sh0", pair(m.Point))
		}
	}
	for _, class := range keys {
		if b := shared[class]; b.Len() > 0 {
			s.printf(`<path class="d %s" d="%s"/>`+"\n", class, b.String())
		}
	}
}

func (s *svg) bars() {
	for _, b := range s.Bars {
		class := "bar" + strconv.Itoa(b.Shade)
		switch {
		case b.Tick:
			class = "tick"
		case b.Critical:
			class = "late"
		}
		s.printf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>`+"\n", class, num(b.X), num(b.Y), num(b.Width), num(b.Height), escape(b.Title))
	}
	for _, c := range s.Cells {
		s.printf(`<rect class="cell"%s x="%s" y="%s" width="%s" height="%s" fill-opacity="%s"><title>%s</title></rect>`+"\n", s.index("m", c.Message), num(c.X), num(c.Y), num(c.Width), num(c.Height), num(0.15+0.5*c.Strength), escape(c.Channel))
	}
}

// styles are the classes of texts, by Style.
var styles = [...]string{
	Headline: "head", Note: "note", Alarm: "alarm", LaneName: "name", StateText: "state", FlightLabel: "flight",
	WrongLabel: "wrong", BarText: "mono", BarCritical: "mono b", CellText: "mono", FoldText: "note m",
}

func (s *svg) texts() {
	for _, t := range s.Texts {
		if t.Style == StateText || t.Style == FlightLabel || t.Style == WrongLabel {
			b := t.Box()
			s.printf(`<rect class="tag" x="%s" y="%s" width="%s" height="%s" rx="3"/>`, num(b.Left-3), num(b.Top-1), num(b.Right-b.Left+6), num(b.Bottom-b.Top+2))
		}
		class := styles[t.Style]
		switch t.Sign {
		case Single, Unsure:
		case Same:
			class += " same"
		default:
			class += " b"
		}
		anchor := [...]string{"", ` text-anchor="middle"`, ` text-anchor="end"`}[t.Anchor]
		s.printf(`<text class="%s"%s%s x="%s" y="%s">%s</text>`+"\n", class, anchor, s.index("m", t.Message), num(t.X), num(t.Y), escape(t.Text))
	}
}

// index returns the attribute with which a script finds what an element stands for.
func (s *svg) index(of string, i int) string {
	if !s.interactive || i < 0 {
		return ""
	}
	return fmt.Sprintf(` data-%s="%d"`, of, i)
}

func pair(p Point) string { return num(p.X) + " " + num(p.Y) }

// num writes a number of px with at most one digit after the point.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10+0, 'f', -1, 64)
}

// escape makes a text of somebody else a text of XML and HTML. What is not printable becomes
// visible: XML cannot have most control characters.
func escape(text string) string { return markup.Replace(printable.Text(text)) }

var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")
