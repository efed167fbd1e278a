package netnode

import (
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"chandy/snapshot"
)

// Program is the distributed program under observation, one instance for each
// process. Every method is called on the node's loop: one at a time, each after the
// one before it has returned, though not always on the same goroutine. None may
// block: what takes long goes to a goroutine of the program's own, which comes
// back by [Process.Do].
//
// A program that is an [io.Closer] is closed when the node stops: after the loop has
// ended, so that no other method runs or will, and before [Node.Run] returns. It may
// block until what the program started has ended.
type Program interface {
	// Start is called once, before anything else but Restore. Messages to processes
	// that are not there yet wait.
	Start(p Process)
	// Receive takes a message from another process, or a request from a client, if
	// from.IsClient(): sending to that id replies. The payload is lent until
	// Receive returns: it must not be changed; keep a copy.
	Receive(from snapshot.ProcessID, payload []byte)
	// Capture asks for the state. It calls done once, now or later, on the loop;
	// until then the program receives nothing and no timer of it fires, and what it
	// sends counts as sent before the cut. The state is the one at the call of done;
	// State.Encode may turn an immutable copy of it into bytes later, off the loop.
	Capture(done func(State))
	// Restore takes a state that Capture gave, in a fresh instance, before Start.
	Restore(state []byte) error
}

// State is what a program gives as its state.
type State = snapshot.State

// Process is what a Program may ask of the process that it is. But for Do, its
// methods are called on the loop only.
type Process interface {
	// ID is the process's own id.
	ID() snapshot.ProcessID
	// Channels lists the processes to which it has a channel, sorted.
	Channels() []snapshot.ProcessID
	// Send sends a message, at most wire.MessageMax bytes, or replies to a client.
	// The payload is copied. An error means that there is no such channel or client
	// or that the message is too large; nothing was sent.
	Send(to snapshot.ProcessID, payload []byte) error
	// After calls f on the loop, once, when d has passed or later: not while the
	// state is being captured, and not while an outbox is over its high water.
	After(d time.Duration, f func())
	// Do calls f on the loop, soon; calls from one goroutine in their order. Any
	// goroutine may call it. After the node has stopped it does nothing.
	Do(f func())
	// Now is the time since the node started, monotonic: when what called the
	// program happened. A simulation has its own; a program goes by no other clock.
	Now() time.Duration
	// Hold keeps what arrives in the inbox until Release.
	Hold()
	Release()
	// Stop ends the node: with an error it failed.
	Stop(err error)
	// Log is the node's logger, with the process's id.
	Log() *zerolog.Logger
	// Rand is the node's source of randomness. A simulation seeds it.
	Rand() *rand.Rand
}
