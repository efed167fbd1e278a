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

// arrows writes the messages. Arrows that do not cross the cut share an element, and so do the
// ones over the cut if they are very many, unless each must be an element of its own. That saves
// three quarters of the file.
func (s *svg) arrows() {
	crowd := &sharing{}
	rest := &sharing{}
	for _, a := range s.Arrows {
		class := "a " + classes[a.Class]
		switch {
		case a.Marker:
			class = "a k"
		case a.Crowd:
			class += " q"
		case a.Thick:
			class += " t"
		}
		if a.Sign == Same {
			class += " same"
		}
		switch {
		case s.interactive && !a.Marker:
		case a.Crowd:
			crowd.write(class, a.path())
			if a.Class == Wrong {
				crowd.write(class+" x", a.cross())
			}
			continue
		case a.Class < InFlight:
			rest.write(class, a.path())
			continue
		}
		s.printf(`<g class="%s"%s>`, class, s.index("m", a.Message))
		s.printf(`<title>%s</title><path d="%s"/>`, escape(a.Title), a.path())
		if s.interactive {
			s.printf(`<path class="z" d="%s"/>`, a.line())
		}
		if a.Class == Wrong {
			s.printf(`<path class="x" d="%s"/>`, a.cross())
		} else if a.Cross != (Point{}) {
			s.printf(`<circle cx="%s" cy="%s" r="3.5"/>`, num(a.Cross.X), num(a.Cross.Y))
		}
		s.WriteString("</g>\n")
	}
	crowd.paths(s)
	rest.paths(s)
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

// cross returns the sign that a message contradicts the cut.
func (a Arrow) cross() string { return "M" + pair(a.Cross) + "m-7-7l14 14m0-14l-14 14" }

// path returns the line of an arrow and its head. The head is relative to the end of the line,
// which is shorter.
func (a Arrow) path() string {
	to, bend := a.To, a.bend()
	angle := math.Atan2(to.Y-bend.Y, to.X-bend.X)
	const length, spread = 7.0, 0.45
	head := func(turn float64) Point { return Point{length * math.Cos(angle+turn), length * math.Sin(angle+turn)} }
	one, other := head(spread), head(-spread)
	return a.line() + "m" + numbers(-one.X, -one.Y) + "l" + numbers(one.X, one.Y, -other.X, -other.Y)
}

// marks writes the events. A dot is a line of no length with a round end. A hollow one has a
// smaller dot on it, in the colour of the background.
func (s *svg) marks() {
	dots, hollow, holes := &dots{}, &dots{}, &dots{}
	for _, m := range s.Marks {
		class, radius := classes[m.Class], "3"
		if m.Small {
			class, radius = class+" s", "1.6"
		}
		switch {
		case m.Kind == Recorded:
			s.printf(`<path class="e r"%s d="M%sm0-6l6 6l-6 6l-6-6z"/>`+"\n", s.index("e", m.Event), pair(m.Point))
		case s.interactive:
			if m.Hollow {
				class += " h"
			}
			s.printf(`<circle class="e %s"%s cx="%s" cy="%s" r="%s"/>`+"\n", class, s.index("e", m.Event), num(m.X), num(m.Y), radius)
		case m.Hollow:
			hollow.dot("d h "+class, m.Point)
			holes.dot("d o", m.Point)
		default:
			dots.dot("d "+class, m.Point)
		}
	}
	dots.paths(s)
	hollow.paths(s)
	holes.paths(s)
}

// titlesMost is how many ticks have titles. More share a path.
const titlesMost = 60

func (s *svg) bars() {
	ticks, shared := 0, &sharing{}
	for _, b := range s.Bars {
		if b.Tick {
			ticks++
		}
	}
	for _, b := range s.Bars {
		class := "bar" + strconv.Itoa(b.Shade)
		switch {
		case b.Tick && ticks > titlesMost && !s.interactive:
			shared.write("tick", b.Box().path())
			continue
		case b.Tick:
			class = "tick"
		case b.Critical:
			class = "late"
		}
		s.printf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>`+"\n", class, num(b.X), num(b.Y), num(b.Width), num(b.Height), escape(b.Title))
	}
	shared.paths(s)
	s.cells()
}

// cells writes the matrix. The cells of one strength share a path, unless each must be an
// element of its own.
func (s *svg) cells() {
	shared := &sharing{}
	for _, c := range s.Cells {
		opacity := num(0.15 + 0.5*c.Strength)
		if !s.interactive {
			shared.write(`cell" fill-opacity="`+opacity, Box{c.X, c.Y, c.X + c.Width, c.Y + c.Height}.path())
			continue
		}
		s.printf(`<rect class="cell"%s x="%s" y="%s" width="%s" height="%s" fill-opacity="%s"><title>%s</title></rect>`+"\n", s.index("m", c.Message), num(c.X), num(c.Y), num(c.Width), num(c.Height), opacity, escape(c.Channel))
	}
	shared.paths(s)
}

// path returns the outline of a box.
func (b Box) path() string {
	width, height := num(b.Right-b.Left), num(b.Bottom-b.Top)
	return "M" + num(b.Left) + " " + num(b.Top) + "h" + width + "v" + height + "h-" + width + "z"
}

// styles are the classes of texts, by Style.
var styles = [...]string{
	Headline: "head", Note: "note", Alarm: "alarm", LaneName: "name", StateText: "state", FlightLabel: "flight",
	WrongLabel: "wrong", BarText: "mono", BarCritical: "mono b", CellText: "mono", FoldText: "note m",
}

// texts writes the texts. The ones in cells share their attributes with their neighbours.
func (s *svg) texts() {
	group := ""
	for _, t := range s.Texts {
		class := styles[t.Style]
		switch t.Sign {
		case Single, Unsure:
		case Same:
			class += " same"
		default:
			class += " b"
		}
		anchor := [...]string{"", ` text-anchor="middle"`, ` text-anchor="end"`}[t.Anchor]
		own := ""
		if t.Style == CellText && t.Sign == Single {
			own = `<g class="` + class + `"` + anchor + ">"
		}
		if own != group {
			s.printf("%s%s", closing(group), own)
			group = own
		}
		if group != "" {
			s.printf(`<text x="%s" y="%s">%s</text>`, num(t.X), num(t.Y), escape(t.Text))
			continue
		}
		if t.Style == StateText || t.Style == FlightLabel || t.Style == WrongLabel {
			b := t.background()
			s.printf(`<rect class="tag" x="%s" y="%s" width="%s" height="%s" rx="3"/>`, num(b.Left), num(b.Top), num(b.Right-b.Left), num(b.Bottom-b.Top))
		}
		s.printf(`<text class="%s"%s%s x="%s" y="%s">%s</text>`+"\n", class, anchor, s.index("m", t.Message), num(t.X), num(t.Y), escape(t.Text))
	}
	s.WriteString(closing(group))
}

// closing ends a group if there is one.
func closing(group string) string {
	if group == "" {
		return ""
	}
	return "</g>\n"
}

// index returns the attribute with which a script finds what an element stands for.
func (s *svg) index(of string, i int) string {
	if !s.interactive || i < 0 {
		return ""
	}
	return fmt.Sprintf(` data-%s="%d"`, of, i)
}

func pair(p Point) string { return num(p.X) + " " + num(p.Y) }

// numbers writes numbers of a path. A minus sign separates them too.
func numbers(all ...float64) string {
	text := ""
	for i, v := range all {
		one := num(v)
		if i > 0 && one[0] != '-' {
			text += " "
		}
		text += one
	}
	return text
}

// num writes a number of px with at most one digit after the point.
func num(v float64) string { return strconv.FormatFloat(tenths(v), 'f', -1, 64) }

// tenths rounds to one digit after the point.
func tenths(v float64) float64 { return math.Round(v*10)/10 + 0 }

// escape makes a text of somebody else a text of XML and HTML. What is not printable becomes
// visible: XML cannot have most control characters.
func escape(text string) string { return markup.Replace(printable.Text(text)) }

var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")
