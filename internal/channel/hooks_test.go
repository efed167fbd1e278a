package channel

import (
	"chandy/snapshot"
	"chandy/wire"
)

// hooks is everything that the model calls of the product. A planted fault replaces one
// of them, so that the product needs no switch.
type hooks struct {
	send        func(*Sender, []byte)
	mark        func(*Sender, snapshot.Marker)
	next        func(*Sender) (*Marker, *wire.Data)
	resume      func(*Sender, wire.Position) error
	acknowledge func(*Sender, wire.Position) error
	outbox      func(*Sender) (uint64, []snapshot.Batch)
	refillOut   func(*Sender, uint64, []snapshot.Batch, uint64)
	refillIn    func(*Receiver, uint64, []snapshot.Batch, uint64)

	data    func(*Receiver, wire.Data) (snapshot.Batch, error)
	marker  func(*Receiver, Marker) (bool, error)
	receive func(*Receiver) ([]byte, bool)
	welcome func(*Receiver) wire.Position // the position in a welcome
	tell    func(*Receiver) wire.Position // the position in an acknowledgement
	inbox   func(*Receiver) []snapshot.Batch

	meet func(*Peer, snapshot.Incarnation) (Meeting, Discarded, error)

	// The rest is about the process around the halves:
	careful   bool                                     // a hello that would take over is answered by a ping
	current   bool                                     // what answers it, or a hello, counts only if no incarnation was met meanwhile
	endOld    bool                                     // a connection to a dead incarnation is ended when the next one is met
	patient   bool                                     // the program receives nothing during a capture
	counted   func(l *local, m Marker) bool            // whether a marker is given to the receiver
	acked     func(*local)                             // a process has just taken an acknowledgement or a welcome
	pieces    func([]snapshot.Piece) []snapshot.Piece  // on the way to the Collector
	assembled func(*snapshot.Global, []snapshot.Piece) // what became of it
}

// product returns the hooks without a fault.
func product() *hooks {
	return &hooks{
		send: (*Sender).Send, mark: (*Sender).Mark, next: (*Sender).Next,
		resume: (*Sender).Resume, acknowledge: (*Sender).Acknowledge, outbox: (*Sender).Outbox,
		refillOut: (*Sender).Refill, refillIn: (*Receiver).Refill,
		data: (*Receiver).Data, marker: (*Receiver).Marker, receive: (*Receiver).Receive,
		welcome: (*Receiver).Acknowledge, tell: (*Receiver).Acknowledge, inbox: (*Receiver).Inbox,
		meet: (*Peer).Meet, careful: true, current: true, endOld: true, patient: true,
		counted:   func(*local, Marker) bool { return true },
		acked:     func(*local) {},
		pieces:    func(all []snapshot.Piece) []snapshot.Piece { return all },
		assembled: func(*snapshot.Global, []snapshot.Piece) {},
	}
}
