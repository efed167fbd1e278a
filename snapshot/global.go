package snapshot

import "time"

// Global is a global snapshot: all local states and all channel states, or what
// of them came. It is not changed after it was assembled.
type Global struct {
	ID         ID
	Cluster    string
	Epoch      uint64
	Initiators []ProcessID
	StartedAt  time.Time     // wall clock: information only
	Elapsed    time.Duration // at the assembler

	Processes []ProcessState // those whose part came, sorted
	Channels  []ChannelState // every channel, sorted
	Missing   []Missing      // empty exactly if the snapshot is complete
}

// ProcessState is the local state of a process.
type ProcessState struct {
	ID          ProcessID
	State       State
	Incarnation Incarnation
	// When its state and when the last piece of its part had come, after the start
	// of the snapshot. CompletedAfter counts only if Completed.
	RecordedAfter, CompletedAfter time.Duration
	Completed                     bool
}

// ChannelState is a channel in the cut.
type ChannelState struct {
	Channel Channel
	// SeenByReceiver is the sender's incarnation as the receiving end counted it,
	// SeenBySender the receiver's as the sending end did; empty where that end did
	// not come.
	SeenByReceiver, SeenBySender Incarnation
	Sent, Received               uint64
	SentKnown, ReceivedKnown     bool
	// Messages are received+1 … sent, if Known.
	Messages []Batch
	Known    bool
	Resets   []Reset
}

// Missing is a process whose part, or a channel whose state, is not there.
type Missing struct {
	Process ProcessID // empty if it is about a channel
	Channel Channel
	Reason  Reason
	Detail  string
}

// Complete tells whether nothing is missing.
func (g *Global) Complete() bool { return len(g.Missing) == 0 }

// Status is "complete" or "partial".
func (g *Global) Status() string {
	if g.Complete() {
		return "complete"
	}
	return "partial"
}

// InFlight is the number of messages in the channels.
func (g *Global) InFlight() int {
	n := 0
	for _, c := range g.Channels {
		for _, b := range c.Messages {
			n += b.Count
		}
	}
	return n
}
