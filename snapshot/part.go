package snapshot

import (
	"io"
	"slices"
	"time"
)

// Piece is a piece of one process's part of a snapshot. A process sends a [Recorded]
// when it has recorded its state, and then a [Closed] for each end of a channel, in
// any order. A [Timed] says when it did so, and a [Journal] what happened round it. If the snapshot is
// to be saved, a [Stored] says that the part is written. A [Failed] means that the remaining
// pieces of a part will not come.
type Piece interface {
	// By returns the process to whose part the piece belongs.
	By() ProcessID
	String() string
}

// State is the state of a program as it was captured.
type State struct {
	// Bytes is the state. It must not be modified.
	Bytes []byte
	// Chunks, if non-nil, are the state in place of Bytes, as slices that follow one
	// another. A large state comes to the assembler in chunks, and joining them would
	// take as much memory again. A program always sets Bytes.
	Chunks [][]byte
	// Error, if not empty, says why the program could not return its state. Bytes
	// and Chunks mean nothing then.
	Error string
	// Encode, if non-nil, writes the state to w; then Bytes counts for nothing. The
	// node calls it after the program's call of done, when it sends this part of the
	// snapshot to the assembler: at most once for each Capture, however many
	// snapshots share it, and not at all if none of them needs the state any more.
	// The call comes from a goroutine of the node while the program runs on, so
	// Encode must not read anything that the program changes. An error becomes the
	// state's Error, and what was written before it is discarded.
	Encode  func(w io.Writer) error
	resolve func() State // see ResolveBy
	// About is what is known about how the state was taken. It is nil if the program
	// runs inside the node, or if a child process did not get so far.
	About *About
	// Idle says whether the process was idle.
	Idle Idle
	// Open lists requests that the process had received and not answered, oldest first. Nil
	// means that it is not known which are open; an empty list, that none is. A snapshot
	// lists the first OpenMax of them. It must not be modified.
	Open []OpenRequest
	// OpenTotal is how many requests are open. A program may leave it at zero, which means
	// len(Open).
	OpenTotal uint64
}

// About is what is known about how the state of a child process was taken. It says
// how far that state is known to belong to the cut.
type About struct {
	// Settled says what the child had reached when it was asked, or would have been:
	// "acknowledged+idle", "acknowledged", "idle" or "none". It is never empty.
	Settled string
	// Printed is how many lines the child printed between the request and the reply.
	Printed uint64
	// Unanswered is how many requests the child had not answered when it was asked.
	Unanswered uint64
	// SettledAt and AskedAt say when the child had settled and when it was asked, as
	// program.Process.Now does. SettledAt is [Never] if the child was asked without having
	// settled, and AskedAt if it was not asked for a state. Only the child's own node has them:
	// [Times] has them for others.
	SettledAt, AskedAt time.Duration
}

// Slices returns the state as slices that follow one another.
func (s State) Slices() [][]byte {
	if s.Chunks != nil {
		return s.Chunks
	}
	return [][]byte{s.Bytes}
}

// Len returns the length of the state in bytes.
func (s State) Len() int {
	n := 0
	for _, piece := range s.Slices() {
		n += len(piece)
	}
	return n
}

// Resolve returns the state with the bytes that Encode writes, or with its error. A large
// state is in Chunks then, because a buffer that grows would take up to three times as much.
func (s State) Resolve() State {
	switch {
	case s.Encode == nil:
		return s
	case s.resolve != nil:
		return s.resolve()
	}
	var w blocks
	err := s.Encode(&w)
	s.Encode, s.resolve, s.Bytes = nil, nil, nil
	switch {
	case err != nil:
		s.Error = err.Error()
	case len(w) > 1:
		s.Chunks = w
	default:
		s.Bytes = slices.Concat(w...)
	}
	return s
}

// ResolveBy returns the state with another Resolve, which must return the same. The caller
// can so share one call of Encode between several snapshots.
func (s State) ResolveBy(resolve func() State) State {
	s.resolve = resolve
	return s
}

// blockMax is how long a block of an encoded state is, at most, unless one write is longer.
const blockMax = 256 << 10

// blocks keeps what is written in blocks. The first one grows, so that a small state takes
// little memory.
type blocks [][]byte

func (w *blocks) Write(b []byte) (int, error) {
	last := len(*w) - 1
	switch {
	case last < 0:
		*w = append(*w, slices.Clone(b))
	case last == 0 && len((*w)[0])+len(b) <= blockMax:
		(*w)[0] = append((*w)[0], b...)
	default:
		block := (*w)[last]
		n := min(len(b), cap(block)-len(block))
		(*w)[last] = append(block, b[:n]...)
		if n < len(b) {
			*w = append(*w, append(make([]byte, 0, max(blockMax, len(b)-n)), b[n:]...))
		}
	}
	return len(b), nil
}

// Count is a number of messages on the channel to or from Peer.
type Count struct {
	Peer ProcessID
	N    uint64
}

// Recorded is the local state of a process together with the counts of the cut at
// the same instant: the messages sent on every outgoing channel and the messages
// received on every incoming channel, both sorted by peer.
type Recorded struct {
	Process     ProcessID
	Incarnation Incarnation
	State       State
	Sent        []Count
	Received    []Count
	// FirstMarker is when the first marker came, see [Times]. It is [Never] if none came
	// before the recording. A [Timed] takes it to the assembler.
	FirstMarker time.Duration
}

// Closed is the final record of one end of a channel, at Process. On the incoming
// end Messages is the receiver's half of the channel state. On the outgoing end it is
// the sender's half, which is empty under the rule "in order".
type Closed struct {
	Process     ProcessID
	Incarnation Incarnation // of Process
	Channel     Channel
	Outgoing    bool // the sender's end; distinguishes the two ends of a self-channel
	// Peer is the incarnation of the process at the other end with which this end
	// counted.
	Peer Incarnation
	// Sent is how many messages the sender had sent, as the marker has it. It is zero on the
	// outgoing end, and does not come to the assembler: a [Recorded] has it.
	Sent uint64
	// MarkerAfter is when the marker came, after the process first learned of the snapshot.
	// It is zero on the outgoing end.
	MarkerAfter time.Duration
	Messages    []Batch
	// Resets lists the last resets of the channel since this incarnation started.
	Resets []Reset
}

// Reset records that a channel began again at 0 because a process restarted.
type Reset struct {
	Process     ProcessID   // the process that restarted
	Incarnation Incarnation // the new incarnation of Process
	Discarded   uint64      // messages of the old pair that the survivor discarded
	Unknown     bool        // nobody knows how many the dead incarnation held
}

// Stored reports that a process has written its part to the store, or why it could not.
type Stored struct {
	Process     ProcessID
	Incarnation Incarnation
	// Store is the id of the store. All parts of a snapshot must lie in the same one. If it
	// is empty and there is no Error, the process sees no store.
	Store string
	// Error says why the part is not written. It is empty if the part is written.
	Error string
	// Summary describes the part for the manifest, as JSON. This package only keeps it.
	Summary []byte
}

// Failed reports that the part of Process will not be finished.
type Failed struct {
	Process ProcessID
	Reason  Reason
	Detail  string
}

// Reason says why a part or a channel is missing from a partial snapshot. The
// texts stand in the JSON; new ones may come.
type Reason string

// The reasons. The first five are about a process and its channels, the others about a
// channel only.
const (
	Unreachable      Reason = "unreachable"            // no connection to the process
	PartNotReceived  Reason = "part not received"      // connected, but the part, or the record of an end, did not come in time
	ProcessRestarted Reason = "process restarted"      // replaced by a new incarnation during the snapshot
	Refused          Reason = "refused"                // the process has its limit of snapshots in progress, or holds too much; or the snapshot may have ended there
	PartTooLarge     Reason = "part too large"         // the part is beyond the limit, or the memory of the node is full
	MarkerNotCome    Reason = "marker not received"    // the receiving end waits for the marker, or for messages before it
	Inconsistent     Reason = "certificate not proven" // a bug: the numbers do not prove the cut
)

func (p Recorded) By() ProcessID { return p.Process }
func (p Closed) By() ProcessID   { return p.Process }
func (p Stored) By() ProcessID   { return p.Process }
func (p Failed) By() ProcessID   { return p.Process }
