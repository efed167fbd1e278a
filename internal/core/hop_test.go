package core

import (
	"bytes"
	"testing"
	"time"

	"chandy/wire"
)

// end is a core with its connections, which are buffers.
type end struct {
	*Core
	peer    *end
	readers map[ConnID]*wire.Reader
	streams map[ConnID]*bytes.Buffer // input of the readers
	there   map[ConnID]ConnID        // the peer's number of each connection
	out     []byte                   // frames encoded for one write
	batch   []wire.Frame
	events  []Event // for the next step
}

// newEnds returns two cores that have a channel to each other.
func newEnds(t testing.TB) (ends [2]*end) {
	for i, core := range newCores(t) {
		ends[i] = &end{Core: core, events: []Event{Begin{Epoch: 1, Program: &stub{}}}, readers: map[ConnID]*wire.Reader{}, streams: map[ConnID]*bytes.Buffer{}, there: map[ConnID]ConnID{}}
	}
	ends[0].peer, ends[1].peer = ends[1], ends[0]
	return ends
}

// BenchmarkHop measures what a message of 64 bytes costs between two system calls of a
// node: decode frames, step, encode frames. The caches are warm here. Between two
// operating-system processes that take turns they are cold, and a hop takes three times
// as long.
func BenchmarkHop(b *testing.B) {
	ends := newEnds(b)
	begun := time.Now()
	now := func() time.Duration { return time.Since(begun) }
	for _, e := range ends {
		e.step(b, now())
	}
	for !ends[0].epoch.allUp || !ends[1].epoch.allUp {
		ends[0].take(b, now())
		ends[1].take(b, now())
	}
	ends[0].events = append(ends[0].events, Called{func() { ends[0].epoch.process.Send("p2", make([]byte, 64)) }})
	ends[0].step(b, now())
	b.ReportAllocs()
	b.ResetTimer()
	for i := 1; i <= b.N; i++ {
		ends[i%2].take(b, now())
	}
	if hops := ends[0].epoch.in[0].receiver.Received() + ends[1].epoch.in[0].receiver.Received(); hops != uint64(b.N) {
		b.Fatalf("messages received: got %d, want %d", hops, b.N)
	}
}

// BenchmarkFlood measures what a message of 16 bytes costs both ends between their system
// calls, when 2,048 are sent in a row.
func BenchmarkFlood(b *testing.B) {
	ends := newEnds(b)
	begun := time.Now()
	now := func() time.Duration { return time.Since(begun) }
	for _, e := range ends {
		e.events[0] = Begin{Epoch: 1, Program: &stub{silent: true}}
		e.step(b, now())
	}
	for !ends[0].epoch.allUp || !ends[1].epoch.allUp {
		ends[0].take(b, now())
		ends[1].take(b, now())
	}
	const inARow = 2048
	payload := make([]byte, 16)
	send := Called{func() {
		for range inARow {
			ends[0].epoch.process.Send("p2", payload)
		}
	}}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N / inARow {
		ends[0].events = append(ends[0].events, send)
		ends[0].step(b, now())
		ends[1].take(b, now())
		for ends[1].More() {
			ends[1].step(b, now())
		}
		ends[0].take(b, now())
	}
	if got, want := ends[1].epoch.in[0].receiver.Received(), uint64(b.N/inARow*inARow); got != want {
		b.Fatalf("messages received: got %d, want %d", got, want)
	}
}

// take reads the frames that have come and steps.
func (e *end) take(b *testing.B, now time.Duration) {
	for id, stream := range e.streams {
		if stream.Len() == 0 {
			continue
		}
		frames := e.batch[:0]
		for more := true; more; more = stream.Len() > 0 || e.readers[id].Buffered() > 0 {
			f, err := e.readers[id].Read()
			if err != nil {
				b.Fatal(err)
			}
			if hello, ok := f.(wire.Hello); ok {
				e.events = append(e.events, Accepted{Conn: id, Remote: "peer", Hello: hello})
				continue
			}
			frames = append(frames, f)
		}
		e.batch = frames
		e.events = append(e.events, Arrived{id, frames})
		e.step(b, now)
	}
}

func (e *end) step(b *testing.B, now time.Duration) {
	effects := e.Step(now, e.events)
	clear(e.events)
	e.events = e.events[:0]
	e.More()
	e.Next()
	for _, effect := range effects {
		switch effect := effect.(type) {
		case Dial:
			id := -effect.Conn - 100*ConnID(len(e.streams))
			e.connect(effect.Conn, id)
			e.peer.connect(id, effect.Conn)
			e.events = append(e.events, Dialled{Conn: effect.Conn})
			defer e.step(b, now)
		case Write:
			for _, f := range effect.Frames {
				e.out = wire.Append(e.out, f)
			}
			e.peer.streams[e.there[effect.Conn]].Write(e.out)
			e.out = e.out[:0]
		case Close, Exit:
			b.Fatalf("effect: got %T%+v, want none that ends anything", effect, effect)
		}
	}
}

func (e *end) connect(id, there ConnID) {
	e.streams[id], e.there[id] = &bytes.Buffer{}, there
	e.readers[id] = wire.NewReader(e.streams[id], wire.FrameMax)
}
