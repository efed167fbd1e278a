package snapshot

// Effect is something that must now be done: a Capture, a *SendMarker or a *Report.
// Effects are carried out in the order in which they were returned and before
// anything else happens: in particular before the program sends or receives another
// message.
type Effect interface{ String() string }

// Capture asks for the state of the program; the answer is StateRecorded. Until
// then the program receives nothing.
type Capture struct{}

// SendMarker queues a marker on the channel to To, which is number Out, from 0, in
// [Topology.Out].
type SendMarker struct {
	To     ProcessID
	Out    int
	Marker Marker
}

// Report sends a piece of this process's part to the assembler. With Last the
// part is finished.
type Report struct {
	Start Start
	Piece Piece
	Last  bool
}

// answer is the effects of one call, under way.
type answer struct {
	effects []Effect
	room    []closing // memory for those to come
}

// closing is the report of a closed end, and memory for an answer that is no more
// than that.
type closing struct {
	Report
	Closed
	effects [1]Effect
}

func (a *answer) add(e Effect) { a.effects = append(a.effects, e) }

func (a *answer) fail(s Start, piece Failed) { a.add(&Report{Start: s, Piece: piece, Last: true}) }

// close reports a closed end.
func (a *answer) close(s Start, piece Closed, last bool) {
	if len(a.room) == 0 {
		a.room = make([]closing, 1)
	}
	one := &a.room[0]
	a.room = a.room[1:]
	one.Closed = piece
	one.Report = Report{Start: s, Piece: &one.Closed, Last: last}
	if a.effects == nil {
		a.effects = one.effects[:0]
	}
	a.add(&one.Report)
}
