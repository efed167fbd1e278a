package snapshot

// A process contributes its part of a snapshot in pieces: Recorded when it has
// recorded its state, then a Closed for each end of a channel, in any order.
// Failed says that the part, or the rest of it, will not come.
type Piece interface {
	// By is the process whose part the piece belongs to.
	By() ProcessID
	String() string
}

// State is what a program gave as its state.
type State struct {
	// Bytes is the state. It is not changed any more.
	Bytes []byte
	// Error says why the program could not give its state; then Bytes counts for
	// nothing.
	Error string
	// Encode, if it is there, gives Bytes later: it may be called from any
	// goroutine, by the holder of the State, before the piece is encoded.
	Encode func() ([]byte, error)
	// About is what is known about how the state was taken. It is nil if the program
	// runs inside the node, or if a child process was not asked for its state.
	About *About
}

// About is what is known about how the state of a child process was taken. It says
// how far that state is known to belong to the cut.
type About struct {
	// Settled is what the child had reached when it was asked: "acknowledged+idle",
	// "acknowledged", "idle" or "none". Never empty.
	Settled string
	// Printed is how many lines it printed between the request and the reply.
	Printed uint64
	// Unanswered is how many requests it had not answered when it was asked.
	Unanswered uint64
}

// Resolve is the state with its bytes: what Encode gave or its error.
func (s State) Resolve() State {
	if s.Encode == nil {
		return s
	}
	bytes, err := s.Encode()
	if err != nil {
		return State{Error: err.Error(), About: s.About}
	}
	return State{Bytes: bytes, About: s.About}
}

// Count is a number of messages on the channel to or from Peer.
type Count struct {
	Peer ProcessID
	N    uint64
}

// Recorded is the local state of a process together with the counts of the cut
// at that instant: for every outgoing channel the messages sent, for every
// incoming one the messages received, both sorted by peer.
type Recorded struct {
	Process     ProcessID
	Incarnation Incarnation
	State       State
	Sent        []Count
	Received    []Count
}

// Closed is the end of a channel at Process, finished. On the incoming end
// Messages is the channel state as the receiver recorded it. On the outgoing end
// it is the sender's half, which the textbook rule leaves empty.
type Closed struct {
	Process     ProcessID
	Incarnation Incarnation // its own
	Channel     Channel
	Outgoing    bool // the sender's end; tells the two ends of a self-channel apart
	// Peer is the incarnation of the other end with which this end counted.
	Peer     Incarnation
	Messages []Batch
	// Resets are the resets of the channel since this incarnation started.
	Resets []Reset
}

// Reset tells that a channel began again because a process restarted.
type Reset struct {
	Process     ProcessID   // which restarted
	Incarnation Incarnation // its new one
	Discarded   uint64      // messages of the old pair that the survivor discarded
	Unknown     bool        // what the dead incarnation held is not known
}

// Failed says that the part of Process is not going to be finished.
type Failed struct {
	Process ProcessID
	Reason  Reason
	Detail  string
}

// Reason says why a part or a channel is missing from a partial snapshot. The
// texts stand in the JSON; new ones may come.
type Reason string

// The reasons. The first five are about a process, the others about a channel.
const (
	Unreachable      Reason = "unreachable"            // there is no connection to the process
	PartNotReceived  Reason = "part not received"      // connected, but its part did not come in time
	ProcessRestarted Reason = "process restarted"      // a new incarnation took its place during the snapshot
	Refused          Reason = "refused"                // it has as many snapshots in progress as it may
	PartTooLarge     Reason = "part too large"         // its part is beyond the limit
	MarkerNotCome    Reason = "marker not received"    // the receiving end waits for the marker
	Inconsistent     Reason = "certificate not proven" // a bug: the numbers do not prove the cut
)

func (p Recorded) By() ProcessID { return p.Process }
func (p Closed) By() ProcessID   { return p.Process }
func (p Failed) By() ProcessID   { return p.Process }
