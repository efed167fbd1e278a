package sim

import (
	"bytes"
	"errors"
	"time"

	"chandy/wire"
)

// end is one end of a connection: bytes that are written here arrive there, in
// order, each write after a time of its own.
type end struct {
	world  *world
	other  *end
	arrive func(wire.Frame)
	closed func(error)
	last   time.Duration // when the last write arrives there
	gone   bool
}

func newConnection(w *world) (a, b *end) {
	a, b = &end{world: w}, &end{world: w}
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
	if e.gone {
		return
	}
	e.last = max(e.last, e.world.now+e.world.latency())
	to := e.other
	e.world.at(e.last, func() {
		if to.gone {
			return
		}
		r := wire.NewReader(bytes.NewReader(b), wire.FrameMax)
		for {
			f, err := r.Read()
			if err != nil {
				return
			}
			to.arrive(f)
		}
	})
}

// close ends the connection: what was written arrives, then the other end hears
// of it.
func (e *end) close(err error) {
	if e.gone {
		return
	}
	e.end(nil)
	to := e.other
	e.last = max(e.last, e.world.now+e.world.latency())
	e.world.at(e.last, func() { to.end(err) })
}

var errReset = errors.New("connection reset by peer")

// cut breaks the connection: what is on the way is lost, in both directions.
func (e *end) cut() {
	if e.gone {
		return
	}
	e.end(errReset)
	e.other.end(errReset)
}

func (e *end) end(err error) {
	if !e.gone {
		e.gone = true
		e.closed(err)
	}
}
