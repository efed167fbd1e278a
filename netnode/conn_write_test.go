package netnode

import (
	"net"
	"runtime"
	"testing"
	"time"

	"chandy/internal/core"
	"chandy/snapshot"
	"chandy/wire"
)

// Frames that go ahead overtake messages. They do not overtake the remainder of a write at
// once, which may contain an earlier marker. A message that was sent after a marker stays
// behind it.
func TestAheadKeepsOrder(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	c := newConn(&Node{}, 1, here)
	marker := func(ordinal uint64) core.Write {
		return core.Write{Conn: 1, Frames: []wire.Frame{wire.Marker{Ordinal: ordinal, Snapshot: "S", Assembler: "p1"}}, Ahead: true}
	}
	data := func(seq, stamp uint64) core.Write {
		b := snapshot.Batch{First: seq}
		b.Append([]byte("x"))
		return core.Write{Conn: 1, Frames: []wire.Frame{wire.Data{Stamp: stamp, Batch: b}}}
	}
	left := newBuffer()
	*left = wire.Append(*left, marker(1).Frames[0])
	c.queue, c.writing = []load{{bytes: left, remainder: true}}, true // as writeAtOnce leaves it
	for _, w := range []core.Write{data(1, 1), marker(2), data(2, 2), marker(3), data(3, 3)} {
		c.write(w)
	}
	go c.writeLoop()
	r := wire.NewReader(there, wire.FrameMax)
	var seen uint64
	for n := 0; n < 6; n++ {
		f, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		switch f := f.(type) {
		case wire.Marker:
			if f.Ordinal != seen+1 {
				t.Errorf("got marker %d after marker %d, want marker %d", f.Ordinal, seen, seen+1)
			}
			seen = f.Ordinal
		case wire.Data:
			if f.Stamp > seen {
				t.Errorf("message %d: got it after marker %d, want it after marker %d", f.Batch.First, seen, f.Stamp)
			}
		}
	}
}

// deadlined remembers the last deadline of writes.
type deadlined struct {
	net.Conn
	last time.Time
}

func (d *deadlined) SetWriteDeadline(at time.Time) error {
	d.last = at
	return d.Conn.SetWriteDeadline(at)
}

// A writer removes its deadline. Otherwise a later write at once would fail before it
// began, and would need a writer again.
func TestWriterLeavesNoDeadline(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	d := &deadlined{Conn: here}
	n := &Node{}
	c := newConn(n, 1, d)
	c.write(core.Write{Conn: 1, Frames: []wire.Frame{wire.Ping{Nonce: 1}}}) // a pipe has no buffer, so a writer starts
	if _, err := wire.NewReader(there, wire.FrameMax).Read(); err != nil {
		t.Fatal(err)
	}
	n.work.Wait()
	if !d.last.IsZero() {
		t.Errorf("got write deadline %v, want none", d.last)
	}
}

// Frames of up to 4 MiB may wait ahead of the queue.
func TestFramesAheadOfTheLimitWait(t *testing.T) {
	for _, bytes := range []int{aheadMax - 1, aheadMax, aheadMax + 1} {
		here, there := net.Pipe()
		defer there.Close()
		c := newConn(&Node{}, 1, here)
		pong := wire.Pong{Nonce: 1}
		c.writing, c.ahead = true, make([]byte, bytes-len(wire.Append(nil, pong)))
		c.write(core.Write{Conn: 1, Frames: []wire.Frame{pong}, Ahead: true})
		if c.closing != (bytes > aheadMax) {
			t.Errorf("%d bytes: got closing %t, want %t", bytes, c.closing, bytes > aheadMax)
		}
	}
}

// A peer that sends pings and reads nothing costs a bounded queue of pongs, and then its
// connection.
func TestPongsAreBounded(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	n := &Node{}
	c := newConn(n, 1, here)
	pong := core.Write{Conn: 1, Frames: []wire.Frame{wire.Pong{Nonce: 1 << 60}}, Ahead: true}
	most := 0
	for range 2 * aheadMax / len(wire.Append(nil, pong.Frames[0])) {
		c.write(pong)
		c.mu.Lock()
		most = max(most, len(c.ahead))
		c.mu.Unlock()
	}
	n.work.Wait()
	if !c.closed || most > aheadMax+100 {
		t.Errorf("got closed %v after %d bytes at most, want it closed after %d", c.closed, most, aheadMax)
	}
}

// A client may end its half of the connection and read nothing. The node can end the other
// half when it stops.
func TestAStopEndsAConnectionThatIsWritten(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	n := &Node{conns: connections{byID: map[core.ConnID]*conn{}}}
	c := newConn(n, 1, here)
	c.patience = time.Hour
	n.conns.add(c)
	c.write(pings)
	n.work.Go(c.finish)
	for closing := false; !closing; runtime.Gosched() {
		c.mu.Lock()
		closing = c.closing
		c.mu.Unlock()
	}
	n.conns.closeAll(false)
	awaitWriting(t, c)
}
