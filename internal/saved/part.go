package saved

import (
	"io"

	"chandy/snapshot"
)

// Part is what one process needs to go on alone. It lies in the store as one object:
//
//	the bytes of the state
//	the bodies of all batches of messages, outgoing channels first
//	a line feed
//	the index: one line of JSON with a line feed, which says what the bytes before it are
//
// The body of a batch is as in [snapshot.Batch]: each message as its length, an unsigned
// varint, and its bytes.
//
// The index comes last because the length of a state is known only when it has been
// written.
type Part struct {
	Snapshot    snapshot.ID
	Process     snapshot.ProcessID
	Incarnation snapshot.Incarnation
	// State is the state of the program. ReadPart sets Bytes. State.Encode, if set, is called
	// once, by Part.Encode.
	State snapshot.State
	Out   []Outgoing // every outgoing channel, sorted by To
	In    []Incoming // every incoming channel, sorted by From
	// WhyNot says why the program could not be given its state again. It is empty if it can.
	WhyNot string
	// Clients are the open requests of clients, which are in the state: the program has
	// received them and has not answered. The oldest comes first.
	Clients []ClientRequest
	// ClientCount is how many clients have had an id at this process so far. The state may
	// hold the id of any of them, also of one that has left.
	ClientCount uint64
	// Asked are requests that a child had sent and that were not answered.
	Asked []AskedRequest
}

// Outgoing is the sender's end of a channel.
type Outgoing struct {
	To   snapshot.ProcessID
	Peer snapshot.Incarnation // of To, as the sender counted
	// Acked is how many messages the sender knew to have arrived, Sent how many it had sent.
	Acked, Sent uint64
	// SentBytes is the length of messages 1 … Sent, as the credit of the channel counts them:
	// each with its length in front.
	SentBytes uint64
	// Messages are the messages Acked+1 … Sent. Part.Encode leaves out others.
	Messages []snapshot.Batch
}

// Incoming is the receiver's end of a channel.
type Incoming struct {
	From snapshot.ProcessID
	Peer snapshot.Incarnation // of From, as the receiver counted
	// Received is how many messages the program had received. Sent is the sender's count at
	// the cut, as the marker had it.
	Received, Sent uint64
	// ReceivedBytes is the length of messages 1 … Received, as Outgoing.SentBytes has it.
	ReceivedBytes uint64
	// Messages are the messages Received+1 … as far as they had arrived. Part.Encode leaves out
	// the messages after Sent, which are not in the cut. If they were restored, a new message
	// with such a number would be dropped as a duplicate.
	Messages []snapshot.Batch
}

// ClientRequest is a client's request that a process has received and not answered.
type ClientRequest struct {
	Client snapshot.ProcessID `json:"client"` // as the program knows it
	MsgID  string             `json:"msg_id,omitempty"`
}

// AskedRequest is a request of a child, by the peer and the "msg_id" as JSON text.
type AskedRequest struct {
	To    snapshot.ProcessID `json:"to"`
	MsgID string             `json:"msg_id"`
}

// Summary is what the assembler needs of a part for the manifest. It has no state and no
// messages.
type Summary struct {
	Process     snapshot.ProcessID   `json:"process"`
	Incarnation snapshot.Incarnation `json:"incarnation"`
	Part        Size                 `json:"part"`
	StateError  string               `json:"state_error,omitempty"` // why there is no state
	WhyNot      string               `json:"why_not,omitempty"`     // why it cannot be restored
	Out         []Half               `json:"out"`                   // sorted by peer
	In          []Half               `json:"in"`                    // sorted by peer
}

// Half is one end of a channel in a [Summary]: its counts, and which messages lie in the
// part.
type Half struct {
	Peer        snapshot.ProcessID   `json:"peer"`
	Incarnation snapshot.Incarnation `json:"incarnation"` // of Peer, as this end counted
	Sent        uint64               `json:"sent"`
	// The messages After+1 … Through lie in the part. After is the count of received
	// messages at an incoming end, and of acknowledged ones at an outgoing end.
	After   uint64 `json:"after"`
	Through uint64 `json:"through"`
	Bytes   uint64 `json:"bytes"` // of the bodies
	// Total is the length of the messages 1 … Sent at an outgoing end, and of the received ones
	// at an incoming end.
	Total uint64 `json:"total_bytes"`

	messages []snapshot.Batch // nil in a summary that came from another process
}

// Encode trims the part and writes it to w. It returns what the assembler needs. The state
// is never in memory as a whole if it has an Encode. An error of State.Encode becomes the error
// of the state in the index; the bytes that it had written mean nothing then. Encode
// returns an error if w fails, or if the part lacks a message that it must have.
func (p *Part) Encode(w io.Writer) (Summary, error) { return p.encode(w) }

// ReadPart reads the part of a process of m. It takes the memory that the manifest names,
// and checks the sizes there first. A part that differs from the manifest is an error of
// type [*CorruptError].
func ReadPart(r io.Reader, m *Manifest, process snapshot.ProcessID) (*Part, error) {
	return readPart(r, m, process, nil)
}

// CopyPart is ReadPart for a state that is too large for memory, or of no use there: it
// writes the state to w, and leaves State.Bytes nil. If CopyPart returns an error, what it
// wrote means nothing. An error of w is returned as it is.
func CopyPart(r io.Reader, m *Manifest, process snapshot.ProcessID, w io.Writer) (*Part, error) {
	return readPart(r, m, process, w)
}

// CheckPart is ReadPart for a caller that does not need the state. It reads the whole part
// and does not hold the state.
func CheckPart(r io.Reader, m *Manifest, process snapshot.ProcessID) (Summary, error) {
	p, err := readPart(r, m, process, nowhere{})
	if err != nil {
		return Summary{}, err
	}
	return p.Summary(m.Process(process).Part), nil
}

// Summary returns the summary of a part that was read, given its size in the manifest.
func (p *Part) Summary(size Size) Summary {
	s := p.summary()
	s.Part = size
	return s
}
