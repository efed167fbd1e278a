// Package program defines the contract between a distributed program and the node
// that hosts it. The author of a program in Go implements [Program] and hands an
// instance of it to package netnode for each process.
//
// The node calls the program, and the program calls its [Process]. The program receives
// messages and requests of clients, sends messages, sets timers, and returns its state
// when a snapshot is taken. These calls are made on one loop, so most programs need no
// locks.
package program

import (
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"chandy/snapshot"
)

// Program is the distributed program under observation. Each process has an instance
// of its own.
//
// The node calls every method on its loop: one call at a time, each after the one
// before it has returned, although not always on the same goroutine. No method may
// block. Work that takes long belongs on a goroutine of the program, which returns to
// the loop by [Process.Do].
//
// A Program that implements [io.Closer] is closed when its node stops. No other method
// runs then or afterwards. Close may block until everything that the program started
// has ended.
type Program interface {
	// Start is called once, before Receive and Capture. Messages to processes that
	// are not running yet wait in the outbox.
	Start(p Process)
	// Receive takes a message from another process, or a request of a client if
	// from.IsClient() is true. A message sent to the id of a client is the reply to
	// its request. The payload is valid until Receive returns and must not be
	// modified; the program keeps a copy if it needs one.
	Receive(from snapshot.ProcessID, payload []byte)
	// Capture asks for the state. The program calls done exactly once, on the loop,
	// during Capture or later. Until then it receives nothing and none of its timers
	// fires, and whatever it sends counts as sent before the cut. The captured state
	// is the state at the call of done. State.Encode may convert an immutable copy of
	// it to bytes later, off the loop.
	Capture(done func(State))
	// Restore hands a fresh instance a state that Capture returned, before Start. The
	// program calls done exactly once, during Restore or later, from any goroutine: with
	// nil once it has the state, or with an error if the state is not its own or cannot
	// be used. Start follows only after done(nil). The state must not be modified.
	Restore(state []byte, done func(error))
}

// TimedCapturer is a Program that may be unable to return its state in time, such as one
// that waits for somebody else. The node calls CaptureWithin in place of Capture.
type TimedCapturer interface {
	Program
	// CaptureWithin is Capture with a limit. The function left returns how much time there
	// is, on the loop. It is a share of the time that the snapshot has left, so that the
	// snapshot can be complete even if all programs on a path use theirs. It may return
	// more later, because another snapshot can join the capture. When nothing is left, the
	// program should call done with a State.Error that says why there is no state. The
	// channels are recorded then. Without a call of done they are not, and the part of the
	// process is missing.
	CaptureWithin(left func() time.Duration, done func(State))
}

// Preparer is a Program that is not ready at once after Start, such as one that starts a
// child. The status of its process says so, and a client can wait until it is ready.
type Preparer interface {
	Program
	// Preparing returns what the program waits for before it is ready, as a sentence that
	// names the process: "n1 has not answered init yet". Empty means that it is ready. The
	// node calls it on the loop.
	Preparing() string
}

// Pauser is a Program of which a part acts by itself, such as a child. While another process
// saves a snapshot and stops, and until it is back, the node holds each program from its
// capture on. It pauses that part too.
type Pauser interface {
	Program
	// Pause lets the part do nothing until Resume or Close. The state must stay as it was
	// captured. The node calls both on the loop.
	Pause()
	Resume()
}

// Restorer is a Program that cannot always be given its state again. Any other Program can.
type Restorer interface {
	Program
	// NotRestorable returns why Restore would not accept a state that Capture has returned,
	// or an empty text if it would. The node calls it on the loop, in the step in which the
	// state was captured.
	NotRestorable(State) string
}

// OriginTaker is a Program that wants to know from what it is restored. The node calls
// TakeOrigin on a fresh instance, before Restore.
type OriginTaker interface {
	Program
	TakeOrigin(Origin)
}

// Origin is what a restored instance goes on from.
type Origin struct {
	Epoch    uint64      // the epoch in which the instance will run
	Snapshot snapshot.ID // the snapshot to which the state belongs
}

// Asker is a Program that sends requests to other processes and knows which of them have no
// reply yet.
type Asker interface {
	Program
	// Asked returns the requests without a reply. The node calls it on the loop, in the step in
	// which the state was captured.
	Asked() []AskedRequest
}

// AskedTaker is a Program that wants to know, when it is restored, which of its requests had no
// reply yet: one of them may still be answered. The node calls TakeAsked on a fresh instance,
// before Restore, with what Asked returned when the state was captured.
type AskedTaker interface {
	Program
	TakeAsked([]AskedRequest)
}

// Unfinisher is a Program that works on a message or request after Receive has returned, such
// as one that hands it to a child. If the program ends soon after each restore, its node says
// what it was working on.
type Unfinisher interface {
	// Unfinished returns the calls of Receive with whose messages the program is perhaps not
	// done, in ascending order. The first call after Start is 1.
	Unfinished() []uint64
}

// AskedRequest is a request that a process has sent, and that has no reply yet.
type AskedRequest struct {
	To    snapshot.ProcessID
	MsgID string // as JSON text
}

// State is the local state of a process, as its program captured it.
type State = snapshot.State

// Process is the program's handle of the process that it runs as. All methods except
// Do must be called on the loop.
type Process interface {
	// ID returns the id of the process.
	ID() snapshot.ProcessID
	// Channels lists the processes to which the process has a channel, sorted.
	Channels() []snapshot.ProcessID
	// Send sends a message of at most wire.MessageMax bytes, or replies to a client.
	// It copies the payload. An error means that nothing was sent: there is no such
	// channel or client, or the message is too large.
	Send(to snapshot.ProcessID, payload []byte) error
	// After calls f on the loop, once, d from now or later. Timers wait while the
	// state is being captured and while an outbox is above its high-water mark.
	After(d time.Duration, f func())
	// Do calls f on the loop soon. Calls from one goroutine keep their order. Any
	// goroutine may call Do. It does nothing after the node has stopped.
	Do(f func())
	// Now returns the time since the node started. It is monotonic, and stays the
	// same during one call of the program. A simulation has a clock of its own, so a
	// program must use no other clock.
	Now() time.Duration
	// Hold keeps arriving messages in the inbox until Release is called.
	Hold()
	// Release ends Hold.
	Release()
	// Stop ends the node, as a failure if err is non-nil.
	Stop(err error)
	// Log returns the node's logger, which adds the id of the process.
	Log() *zerolog.Logger
	// Rand returns the node's source of randomness. A simulation seeds it.
	Rand() *rand.Rand
}
