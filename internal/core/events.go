package core

import (
	"io"
	"time"

	"chandy/internal/saved"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// ConnID names a connection. The Core numbers the connections that it dials 1, 2, 3 …;
// the host numbers the connections that it accepts -1, -2, -3 …
type ConnID int64

// Event is something that happened. See [Core.Step].
type Event interface{ event() }

// Begin starts an epoch with a fresh program. An epoch that runs already ends: its
// connections close, and its program receives nothing more.
type Begin struct {
	Epoch uint64 // from 1 on
	// Program is an instance that has not started. It is nil if the process has to wait for
	// the next epoch; Held must be set then.
	Program program.Program
	// Snapshot is the saved snapshot from which the cluster goes on; empty means the initial
	// state.
	Snapshot snapshot.ID
	// Base is what this process has of the snapshot. Program has been restored from it. It is
	// nil if the program begins with its initial state.
	Base *Base
	// Listed has the incarnations with which the epoch begins. Nil means that the first
	// incarnation of a peer that is heard of counts.
	Listed []saved.Node
	// Held lets the program start only when the epoch is resumed.
	Held bool
}

// Dialled is the result of Dial: the connection is open if Err is nil.
type Dialled struct {
	Conn ConnID
	Err  error
}

// Accepted is a connection from outside whose first frame was a hello. The host must
// not read further frames from it before Probe, Accept or Close.
type Accepted struct {
	Conn   ConnID
	Remote string // address, for the log
	Hello  wire.Hello
	// Identity is whom the certificate of the peer names. It is zero without TLS.
	Identity Identity
	// Waited is how long the peer has been connected.
	Waited time.Duration
}

// Arrived is a batch of frames that came on a connection, in order. Their memory is
// valid until Step returns.
type Arrived struct {
	Conn   ConnID
	Frames []wire.Frame
}

// Bytes says that bytes of a frame came on a connection, and that the frame takes long. A
// host must report it about once a second while bytes come.
type Bytes struct{ Conn ConnID }

// Closed is the end of a connection that the Core did not close.
type Closed struct {
	Conn ConnID
	Err  error // nil: the peer closed it between two frames
}

// Called is a function that is called on the loop.
type Called struct{ F func() }

// Stopping asks the node to stop. A node that recovers saves a snapshot first. Then the
// program receives nothing more.
type Stopping struct {
	// AtOnce lets the node save nothing, and give up the snapshot that it is saving.
	AtOnce bool
}

func (Begin) event()    {}
func (Dialled) event()  {}
func (Accepted) event() {}
func (Arrived) event()  {}
func (Bytes) event()    {}
func (Closed) event()   {}
func (Called) event()   {}
func (Stopping) event() {}

// Effect is something that the host must do. Effects on one connection must be carried
// out in order.
type Effect interface{ effect() }

// Dial opens a connection to the node of the process To. The result comes as Dialled.
type Dial struct {
	Conn    ConnID
	To      snapshot.ProcessID
	Address string
}

// Probe lets the host read frames of up to wire.HelloMax from an accepted connection that
// must prove something before it is let in.
type Probe struct{ Conn ConnID }

// Accept lets the host read on from an accepted connection, frames with payloads of up to
// Longest bytes.
type Accept struct {
	Conn    ConnID
	Longest int
}

// PeerLongest is the longest payload of a frame from another node, in bytes.
const PeerLongest = wire.ChunkMax + wire.HelloMax

// Write queues frames on a connection. The memory of their messages is valid until the
// next Step.
type Write struct {
	Conn   ConnID
	Frames []wire.Frame
	// Ahead allows these frames to overtake frames that were queued earlier.
	Ahead bool
}

// Close ends a connection. With Flush, frames that are queued are written first.
type Close struct {
	Conn  ConnID
	Flush bool
}

// Background calls Work off the loop, and then Then on the loop with its result.
type Background struct {
	Work func() any
	Then func(any)
}

// Stream writes the result of a client's request off the loop: Write writes it, and Then is
// called on the loop with the error of Write. What Write writes becomes data replies on the
// connection, see [Stream.Replies]. While much is queued on the connection, the host must
// let Write wait, so that the result goes no faster than the client reads it. Once the
// connection is closed, writing must fail.
//
// Other frames that are written meanwhile go between the replies. A progress reply that
// would wait behind other frames may be dropped: they show as well that the node lives.
type Stream struct {
	Conn   ConnID
	Number uint64 // of the request
	Write  func(io.Writer) error
	Then   func(error)
}

// Exit ends the node. Err is nil if the node was asked to stop.
type Exit struct{ Err error }

func (Dial) effect()       {}
func (Probe) effect()      {}
func (Accept) effect()     {}
func (Write) effect()      {}
func (Close) effect()      {}
func (Background) effect() {}
func (Stream) effect()     {}
func (Exit) effect()       {}
