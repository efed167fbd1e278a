package snapshot

import "time"

// Channels is what a [Recorder] reads of the channels of its process. It reads
// them at the instant of the recording, and the resets when an end is closed. A
// channel is named by its place in [Topology.Out] or [Topology.In] of the process.
// The Recorder keeps the slices that it gets, and nobody may modify them
// afterwards (batches are shared, see [Batch]).
type Channels interface {
	// Sent returns how many messages were sent on an outgoing channel.
	Sent(out int) uint64
	// Outbox returns how many of those are known to have arrived, and the messages
	// after them, which the sender is to record. Under the rule "in order" the
	// receiver records all of them: Outbox returns Sent and no messages.
	Outbox(out int) (acked uint64, unacked []Batch)
	// PeerOut returns the incarnation of the process at the other end of an outgoing
	// channel, and the resets of the channel since this process started. The
	// incarnation is empty until this process has heard of it.
	PeerOut(out int) (Incarnation, []Reset)
	// Received returns how many messages of an incoming channel the program has
	// received.
	Received(in int) uint64
	// Inbox returns the messages of it that have arrived and are not received.
	Inbox(in int) []Batch
	// PeerIn is like PeerOut, for an incoming channel.
	PeerIn(in int) (Incarnation, []Reset)
}

// Start describes a snapshot to a process that is to take part in it. A process
// gets it from the request to initiate, or from the first marker.
type Start struct {
	ID        ID
	Assembler ProcessID
	// Deadline is when this process gives the snapshot up, on the clock of the
	// caller. Timeout is the time from the start at this process to Deadline.
	Deadline, Timeout time.Duration
	Wants
}

// Wants is what a snapshot asks of every process besides the pieces that each part has.
type Wants struct {
	// Journal says whether the parts are to have a [Journal].
	Journal bool
	// Save says whether each process is to write its part to the store, and to report that
	// by a [Stored].
	Save bool
	// Light says that nobody wants the document of a saved snapshot. States and messages do
	// not come to the assembler then.
	Light bool
	// Hold says that the assembler stops when the snapshot is saved. From its recording on,
	// each process holds its program, so that nothing happens that the snapshot does not have.
	Hold bool
}

// Marker is the cut line on a channel: it stands after message number Sent.
type Marker struct {
	Start
	Sent uint64
	// Acked is how many messages the sender knew to have arrived. The sender records
	// what comes after Acked, the receiver at least everything up to it. Under the
	// rule "in order" the receiver records all, and Acked is equal to Sent.
	Acked uint64
}
