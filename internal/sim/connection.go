package sim

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// end is one end of a connection. The bytes that are written at one end arrive at the
// other end in order. Each write has a random latency of its own.
type end struct {
	world  *world
	host   snapshot.ProcessID // empty if this is the end of a client
	other  *end
	arrive func(wire.Frame)
	closed func(error)
	hello  wire.Hello // that arrived here, if a node accepted the connection
	queue  []written  // on the way to the other end
	gone   bool
}

// written is one write: the bytes of each frame or, if there are no frames, the end of
// the connection.
type written struct {
	due    time.Duration
	frames [][]byte
	late   bool // has messages or fragments only, so that a write ahead may overtake it
	err    error
}

func newConnection(w *world, from, to snapshot.ProcessID) (a, b *end) {
	a, b = &end{world: w, host: from}, &end{world: w, host: to}
	a.other, b.other = b, a
	return a, b
}

// write sends frames to the other end. A fragment is a write of its own.
func (e *end) write(frames []wire.Frame, ahead bool) {
	if e.gone {
		return
	}
	w := written{late: true}
	for i, f := range frames {
		w.frames = append(w.frames, wire.Append(nil, f))
		w.late = w.late && (f.Type() == wire.TypeData || f.Type() == wire.TypeFragment)
		if i == len(frames)-1 || f.Type() == wire.TypeFragment {
			e.send(w, ahead)
			w = written{late: true}
		}
	}
}

// send queues w after the earlier writes. A write that goes ahead overtakes a random
// number of queued messages, but never the first write of the queue.
func (e *end) send(w written, ahead bool) {
	w.due = e.world.now + e.world.latency()
	at := len(e.queue)
	for ahead && at > 1 && e.queue[at-1].late && e.world.random.IntN(4) > 0 {
		at--
	}
	e.queue = slices.Insert(e.queue, at, w)
	for i := max(1, at); i < len(e.queue); i++ {
		e.queue[i].due = max(e.queue[i].due, e.queue[i-1].due)
	}
	if len(e.queue) == 1 {
		e.world.at(w.due, e.deliver)
	}
}

// deliver delivers the writes that are due. During a partition nothing arrives. After
// it, the writes arrive if the connection still exists, because TCP retransmits.
func (e *end) deliver() {
	for len(e.queue) > 0 {
		head := e.queue[0]
		at := max(head.due, e.world.healed(e.host, e.other.host))
		if at > e.world.now {
			e.world.at(at, e.deliver)
			return
		}
		e.queue = e.queue[1:]
		if head.frames == nil {
			e.other.end(head.err)
			return
		}
		e.other.read(head.frames)
	}
}

func (e *end) read(frames [][]byte) {
	for _, b := range frames {
		f, err := wire.NewReader(bytes.NewReader(b), wire.FrameMax).Read()
		if err != nil || e.gone {
			return
		}
		e.arrive(f)
	}
}

// close ends the connection. The other end first receives everything that was written,
// and then the end of the connection.
func (e *end) close(err error) {
	if !e.gone {
		e.end(nil)
		e.send(written{err: err}, false)
	}
}

var errReset = errors.New("connection reset by peer")

// cut breaks the connection. The bytes in transit are lost in both directions.
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
