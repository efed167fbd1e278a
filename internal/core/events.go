package core

import "chandy/wire"

// ConnID names a connection. The Core numbers those that it dials 1, 2, 3 …; its
// host numbers those that it accepts -1, -2, -3 …
type ConnID int64

// Event is something that happened. See [Core.Step].
type Event interface{ event() }

// Dialled answers Dial: the connection is there, or it failed.
type Dialled struct {
	Conn ConnID
	Err  error
}

// Accepted is a connection from outside whose first frame was a hello. The host
// reads nothing more from it before Accept or Close.
type Accepted struct {
	Conn   ConnID
	Remote string // address, for the log
	Hello  wire.Hello
}

// Arrived is frames that came on a connection, in order. Their memory is lent until
// Step returns.
type Arrived struct {
	Conn   ConnID
	Frames []wire.Frame
}

// Closed is the end of a connection that the Core did not close itself.
type Closed struct {
	Conn ConnID
	Err  error // nil: the peer closed it between two frames
}

// Called is a function to be called on the loop.
type Called struct{ F func() }

// Stopping asks the node to stop: the program gets nothing more.
type Stopping struct{}

func (Dialled) event()  {}
func (Accepted) event() {}
func (Arrived) event()  {}
func (Closed) event()   {}
func (Called) event()   {}
func (Stopping) event() {}

// Effect is what the host must do. Effects on one connection are carried out in
// their order.
type Effect interface{ effect() }

// Dial opens a connection to a node. Dialled answers.
type Dial struct {
	Conn    ConnID
	Address string
}

// Accept opens an accepted connection for frames up to wire.FrameMax.
type Accept struct{ Conn ConnID }

// Write queues frames on a connection. Messages in them are lent until the next
// Step.
type Write struct {
	Conn   ConnID
	Frames []wire.Frame
	// Ahead tells that they may overtake what was queued earlier.
	Ahead bool
}

// Close ends a connection, after what was queued was written if Flush.
type Close struct {
	Conn  ConnID
	Flush bool
}

// Background calls Work off the loop, then Then on it with what Work returned.
type Background struct {
	Work func() any
	Then func(any)
}

// Exit ends the node: Err is nil if it was asked to stop.
type Exit struct{ Err error }

func (Dial) effect()       {}
func (Accept) effect()     {}
func (Write) effect()      {}
func (Close) effect()      {}
func (Background) effect() {}
func (Exit) effect()       {}
