package snapshot

// Effect is something that must now be done: a Capture, a SendMarker or a Report.
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

// effects are the effects of one call of a Recorder, in order.
type effects []Effect

func (all *effects) add(e Effect) { *all = append(*all, e) }

func (all *effects) fail(s Start, piece Failed) {
	all.add(Report{Start: s, Piece: piece, Last: true})
}
