package netnode

import (
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"chandy/internal/core"
	"chandy/wire"
)

// greedy is a connection that takes every write at once, as if its peer read as fast. It
// counts the bytes of the writing goroutine only.
type greedy struct {
	net.Conn
	null   *os.File
	waited atomic.Int64
}

func (g *greedy) SyscallConn() (syscall.RawConn, error) { return g.null.SyscallConn() }

func (g *greedy) Write(b []byte) (int, error) {
	g.waited.Add(int64(len(b)))
	return len(b), nil
}

// A part of any size keeps the loop for a bounded number of bytes. The writing goroutine
// writes all others.
func TestWriteAtOnceIsBounded(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	here, there := net.Pipe()
	defer there.Close()
	defer here.Close()
	socket, n := &greedy{Conn: here, null: null}, &Node{}
	c := newConn(n, 1, socket)
	const frames = 64
	w := core.Write{Conn: 1}
	for range frames {
		w.Frames = append(w.Frames, wire.Chunk{Snapshot: "S", Process: "p1", Bytes: [][]byte{make([]byte, wire.ChunkMax)}})
	}
	c.write(w)
	n.work.Wait()
	atOnce := frames*wire.ChunkMax - socket.waited.Load()
	if atOnce < 0 || atOnce > atOnceMax+writeBatch {
		t.Errorf("got %d of %d bytes written at once, want at most %d", atOnce, frames*wire.ChunkMax, atOnceMax+writeBatch)
	}
}
