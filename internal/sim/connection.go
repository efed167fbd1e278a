package sim

import (
	"bytes"
	"errors"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// end is one end of a connection: bytes that are written here arrive there, in
// order, each write after a time of its own.
type end struct {
	world  *world
	host   snapshot.ProcessID // empty: a client
	other  *end
	arrive func(wire.Frame)
	closed func(error)
	queue  []written // on the way to the other end
	gone   bool
}

// written is what was written at once, or, without bytes, the end of the
// connection.
type written struct {
	due   time.Duration
	bytes []byte
	err   error
}

func newConnection(w *world, from, to snapshot.ProcessID) (a, b *end) {
	a, b = &end{world: w, host: from}, &end{world: w, host: to}
	a.other, b.other = b, a
	return a, b
}

// wireBytes is the frames as they are on the wire.
func wireBytes(frames []wire.Frame) []byte {
	var b []byte
	for _, f := range frames {
		b = wire.Append(b, f)
	}
	return b
}

// write sends bytes to the other end.
func (e *end) write(b []byte) {
	if !e.gone {
		e.send(written{bytes: b})
	}
}

func (e *end) send(w written) {
	w.due = e.world.now + e.world.latency()
	if n := len(e.queue); n > 0 {
		w.due = max(w.due, e.queue[n-1].due)
	}
	e.queue = append(e.queue, w)
	if len(e.queue) == 1 {
		e.world.at(w.due, e.deliver)
	}
}

// deliver lets arrive what is due. During a partition nothing does; it arrives
// afterwards, if the connection is still there, as TCP sends it again.
func (e *end) deliver() {
	for len(e.queue) > 0 {
		head := e.queue[0]
		at := max(head.due, e.world.healed(e.host, e.other.host))
		if at > e.world.now {
			e.world.at(at, e.deliver)
			return
		}
		e.queue = e.queue[1:]
		if head.bytes == nil {
			e.other.end(head.err)
			return
		}
		e.other.read(head.bytes)
	}
}

func (e *end) read(b []byte) {
	r := wire.NewReader(bytes.NewReader(b), wire.FrameMax)
	for !e.gone {
		f, err := r.Read()
		if err != nil {
			return
		}
		e.arrive(f)
	}
}

// close ends the connection: what was written arrives, then the other end hears
// of it.
func (e *end) close(err error) {
	if !e.gone {
		e.end(nil)
		e.send(written{err: err})
	}
}

var errReset = errors.New("connection reset by peer")

// cut breaks the connection: what is on the way is lost, in both directions.
func (e *end) cut() {
	e.queue, e.other.queue = nil, nil
	e.end(errReset)
	e.other.end(errReset)
}

func (e *end) end(err error) {
	if !e.gone {
		e.gone = true
		e.closed(err)
	}
}
