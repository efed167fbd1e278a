// Package channel is the machine of one directed channel, in two halves: a
// [Sender] at the process where the channel begins and a [Receiver] at the process
// where it ends. Connections break at any moment. The two halves make a FIFO out of
// them that loses, doubles and reorders nothing while both processes live.
//
// The package is pure: it has numbers, acknowledgements, a window and resuming, but no
// sockets, no clock and no goroutine. The caller moves what [Sender.Next] returns to
// the [Receiver], and the receiver's [wire.Position] back to the sender. It also calls
// [Sender.Disconnect] when the connection ends, and [Sender.Resume] on a new one.
//
// Messages and markers are numbered apart, each 1, 2, 3 … for one pair of
// incarnations. A [Peer] holds the halves that a process shares with another process,
// and resets them when the other process restarts.
//
// # Memory
//
// Both halves copy messages into buffers that are used again, so that a busy channel
// allocates nothing. A slice into such a buffer is lent: the half still owns the
// memory, and the borrower must not modify it, nor read it after the loan ends.
//   - A batch from [Sender.Next] is lent until it is acknowledged or Send is called.
//   - A batch from [Receiver.Data] is lent until the program receives its messages.
//   - A payload from [Receiver.Receive] is lent until the next call of Receive.
//
// A recorder refers to messages for as long as its snapshot lasts. [Sender.Outbox],
// [Receiver.Inbox] and [Receiver.GiveAway] therefore give the memory away: it is never
// used again, and the garbage collector frees it.
package channel

import "errors"

// Rule is the order in which markers travel.
type Rule int

const (
	// InOrder is the textbook rule (Chandy & Lamport 1985, section 3): a marker
	// stands in its place, between message Sent and Sent+1.
	InOrder Rule = iota
	// Ahead sends a marker before all data that is not written yet. The sender
	// records what was not acknowledged, the receiver what arrived. The receiver
	// refuses a message that comes before a marker that was issued before it (the rule
	// of Lai and Yang, "On Distributed Snapshots", Information Processing Letters 25,
	// 1987).
	Ahead
)

// ErrBroken is wrapped by errors that no new connection can mend, because one half has
// lost what the other half relies on.
var ErrBroken = errors.New("channel broken")
