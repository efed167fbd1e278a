package snapshot

// Effect is something that the caller of a [Recorder] must now do: a [Capture], a
// [SendMarker] or a [Report]. The caller carries effects out in the order in which
// they were returned and before anything else happens. In particular the program
// must not send or receive a message in between.
type Effect interface{ String() string }

// Capture asks for the state of the program. The caller answers by
// [Recorder.StateRecorded], at once or later. Until then the program must receive
// nothing; what it sends counts as sent before the recording.
type Capture struct{}

// SendMarker queues a marker on the channel to process To.
type SendMarker struct {
	To     ProcessID
	Out    int // index of To in Topology.Out
	Marker Marker
}

// Report sends a piece to the assembler of the snapshot. A piece belongs to this
// process's part, but a [Failed] may also say that another process has restarted.
type Report struct {
	Start Start
	Piece Piece
	Last  bool // the part is finished: no piece follows
}

// effects collects the effects of one call of a Recorder, in order.
type effects []Effect

func (all *effects) add(e Effect) { *all = append(*all, e) }

func (all *effects) fail(s Start, piece Failed) {
	all.add(Report{Start: s, Piece: piece, Last: true})
}
