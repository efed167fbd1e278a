package diagram

// Picture is a diagram as numbers and texts, in px. Only the writers know a format.
type Picture struct {
	Width, Height float64
	Name          string // for people who do not see the picture
	Texts         []Text
	Lines         []LaneLine
	Cuts          [][]Point // one of each snapshot, straight in logical time
	Marks         []Mark
	Arrows        []Arrow
	Folds         []Fold
	Bars          []Bar
	Cells         []Cell
}

// Point is a place in a picture.
type Point struct{ X, Y float64 }

// Style says what a text is.
type Style int

const (
	Headline Style = iota
	Note           // in muted ink
	Alarm          // a fault
	LaneName
	StateText
	FlightLabel // of messages in flight
	WrongLabel  // of messages that contradict the cut
	BarText
	BarCritical
	CellText
	FoldText
)

// Anchor says which end of a text stands at its place.
type Anchor int

const (
	Start Anchor = iota
	Middle
	End
)

// Text is a text on one line. Y is its base line.
type Text struct {
	Point
	Text    string
	Style   Style
	Anchor  Anchor
	Message int // that the text belongs to, or -1
	Sign    Sign
}

// LaneLine is the line of a process, of which the recording stands at Cut.
type LaneLine struct {
	Y, Left, Cut, Right float64
	Missing             bool // its state is missing
}

// Mark is an event that is drawn.
type Mark struct {
	Point
	Event  int
	Kind   Kind
	Class  Class // of the message; Past or Future if there is none
	Hollow bool  // the event is implied
	Small  bool  // the other end of the message is not drawn
}

// Arrow is a message or a marker.
type Arrow struct {
	From, To Point
	Class    Class
	Marker   bool
	Thick    bool
	Crowd    bool // one of very many
	Loop     bool // from a lane to itself, in an arc of height Rise
	Rise     float64
	Cross    Point // where it runs over the cut
	Message  int   // or -1
	Title    string
	Sign     Sign
}

// Fold is a gap in real time that is drawn shorter than it was.
type Fold struct{ X, Top, Bottom float64 }

// Bar is a stage of a process in the bars of lateness, or the tick of a marker.
type Bar struct {
	X, Y, Width, Height float64
	Critical            bool
	Shade               int // 0 to 5, alternating, so that neighbours can be told apart
	Tick                bool
	Title               string
}

// Box returns what a bar covers.
func (b Bar) Box() Box { return Box{b.X, b.Y, b.X + b.Width, b.Y + b.Height} }

// Cell is a cell of the matrix of counts in flight.
type Cell struct {
	X, Y, Width, Height float64
	Strength            float64 // 0 to 1
	Channel             string
	Message             int // or -1
}

const (
	fontPx  = 11.0 // labels and states
	cellPx  = 6.7  // at least as wide as a character of a font of fixed width at fontPx
	linePx  = 14.0 // from one line to the next
	marginX = 16.0
)

// Box is what a text covers.
type Box struct{ Left, Top, Right, Bottom float64 }

// Box returns the space of a text, rather too large than too small.
func (t Text) Box() Box {
	size := t.Style.size()
	width := float64(cells(t.Text)) * size * cellPx / fontPx
	left := t.X
	switch t.Anchor {
	case Middle:
		left -= width / 2
	case End:
		left -= width
	}
	return Box{left, t.Y - size*0.85, left + width, t.Y + size*0.25}
}

// background returns what is covered behind a text that may stand on lines.
func (t Text) background() Box {
	b := t.Box()
	return Box{b.Left - 3, b.Top - 1, b.Right + 3, b.Bottom + 1}
}

// size returns the height of the font in px.
func (s Style) size() float64 {
	switch s {
	case Headline:
		return 15
	case LaneName:
		return 13
	case Note, Alarm:
		return 12
	}
	return fontPx
}

// Overlaps reports whether two boxes have a common point.
func (b Box) Overlaps(c Box) bool {
	return b.Left < c.Right && c.Left < b.Right && b.Top < c.Bottom && c.Top < b.Bottom
}
