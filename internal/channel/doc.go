// Package channel is the machine of one directed channel, in two halves: a
// [Sender] at the process from which it comes and a [Receiver] at the one to
// which it leads. It makes a FIFO that loses, doubles and reorders nothing out of
// connections that break at any moment, for as long as both processes live.
//
// It is pure: numbers, acknowledgements, window and resume, no sockets, no clock
// and no goroutine. Whoever owns both halves of a connection moves what
// [Sender.Next] gives to the [Receiver] and the receiver's [Position] back, and
// tells the sender when the connection ended and when a new one resumes.
//
// Messages and markers are numbered apart, each 1, 2, 3 … for one pair of
// incarnations. A [Peer] holds the halves that a process has with another one, and
// begins them again when that one restarts.
package channel

import "errors"

// Rule says how markers travel.
type Rule int

const (
	// InOrder is the textbook rule (Chandy & Lamport 1985, section 3): a marker
	// stands in its place, between message Sent and Sent+1.
	InOrder Rule = iota
	// Ahead sends a marker before all data that is not written yet. The sender
	// records what was not acknowledged, the receiver what arrived; a message waits
	// for the markers that were issued before it was sent (the rule of Lai and Yang,
	// "On Distributed Snapshots", Information Processing Letters 25, 1987).
	Ahead
)

// ErrBroken is wrapped by errors that no new connection can mend: one half has
// lost what the other one relies on.
var ErrBroken = errors.New("channel broken")
