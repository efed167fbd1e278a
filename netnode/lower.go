package netnode

import (
	"cmp"
	"crypto/tls"
	"errors"
	"os"
	"sync"

	"chandy/internal/rawconn"
)

// earlyBytes is how many bytes may be read from a TLS connection until its hello has been
// read. It is enough for a chain of several certificates. Package tls itself would take
// several hundred KiB of a stranger.
const earlyBytes = 32 << 10

var errEarlyBytes = errors.New("more than 32 KiB came before the hello")

// lower is the socket under the TLS of a connection of a node.
//
// A write that misses its deadline would break the TLS connection for good, although the
// peer may be only slow. So lower itself goes on while the peer takes something.
//
// Package tls reads and writes records of 16 KiB. On a busy connection lower reads ahead,
// and writes several records at once. With messages of 16 KiB that halves the processor
// time of a message, mostly because the frames of several records arrive in one step (chandy
// bench --only 16KiB/tls).
type lower struct {
	*rawconn.Conn
	conn  *conn
	upper *tls.Conn // nil until the handshake is over

	// The fields up to mu are owned by the reading goroutine.

	// early is true until the hello has been read. Until then the deadline of the socket
	// holds for writes too: nobody else writes.
	early    bool
	left     int              // bytes that may still be read while early
	ahead    *[aheadSize]byte // memory of a busy connection, or nil
	from, to int              // ahead[from:to] was read and not returned yet
	last     int              // bytes that the last read into ahead returned
	nowait   bool             // Read returns only what is in ahead

	mu     sync.Mutex
	corked bool    // Write collects
	out    *[]byte // what it has collected
}

// aheadSize is how many bytes of a busy connection are read ahead, and aheadMin is how many
// bytes a read must return for the connection to be busy.
const (
	aheadSize = 64 << 10
	aheadMin  = 4 << 10
)

var aheads = sync.Pool{New: func() any { return new([aheadSize]byte) }}

func newLower(c *conn) *lower {
	return &lower{Conn: c.socket, conn: c, left: earlyBytes, early: true}
}

// read reads what the peer has encrypted: at least one record, and the whole records behind
// it that have come.
func (l *lower) read(b []byte) (n int, err error) {
	n, err = l.upper.Read(b)
	l.nowait = true
	for err == nil && n < len(b) && l.from < l.to {
		var more int
		more, err = l.upper.Read(b[n:])
		n += more
	}
	l.nowait = false
	if n > 0 && errors.Is(err, os.ErrDeadlineExceeded) { // the next record has come in part
		err = nil
	}
	return n, err
}

// Read is called by package tls.
func (l *lower) Read(b []byte) (n int, err error) {
	switch {
	case l.early && l.left == 0:
		return 0, errEarlyBytes
	case l.early:
		n, err = l.Conn.Read(b[:min(len(b), l.left)])
		l.left -= n
		return n, err
	case l.from == l.to && l.nowait:
		return 0, os.ErrDeadlineExceeded // package tls continues after such an error
	case l.from == l.to:
		if n, err = l.fill(b); n > 0 || err != nil {
			return n, err
		}
	}
	n = copy(b, l.ahead[l.from:l.to])
	l.from += n
	return n, nil
}

// fill reads from the socket: ahead if the connection is busy, else into b.
func (l *lower) fill(b []byte) (n int, err error) {
	if l.ahead != nil && l.last < aheadMin {
		aheads.Put(l.ahead)
		l.ahead = nil
	}
	if l.ahead == nil {
		n, err = l.Conn.Read(b)
		if n == len(b) && n > 0 && !l.conn.client { // the requests of a client are small, and there may be many clients
			l.ahead, l.last, l.from, l.to = aheads.Get().(*[aheadSize]byte), aheadSize, 0, 0
		}
		l.tell(n)
		return n, err
	}
	l.last, err = l.Conn.Read(l.ahead[:])
	l.from, l.to = 0, l.last
	l.tell(l.last)
	return 0, err
}

// tell tells the core of bytes that are no whole record yet.
func (l *lower) tell(n int) {
	if !l.conn.client {
		l.conn.tellBytes(n)
	}
}

// write encrypts and writes b, with as few system calls as a write without TLS.
func (l *lower) write(b []byte) error {
	l.mu.Lock()
	l.corked, l.out = true, newBuffer()
	l.mu.Unlock()
	_, err := l.upper.Write(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.corked = false
	err = cmp.Or(err, l.send(*l.out))
	freeBuffer(l.out)
	l.out = nil
	return err
}

// Write is called by package tls.
func (l *lower) Write(b []byte) (int, error) {
	if l.early {
		return l.Conn.Write(b)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.corked {
		*l.out = append(*l.out, b...)
		return len(b), nil
	}
	return len(b), l.send(b)
}

// send writes records to the socket. The caller must hold mu.
func (l *lower) send(b []byte) error {
	if n := l.TryWrite([][]byte{b}); n < len(b) {
		return l.conn.writeSocket(b[n:])
	}
	return nil
}
