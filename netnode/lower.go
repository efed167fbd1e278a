package netnode

import (
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

// encryptedBatches is how many batches of encrypted bytes may wait when some are added. A node
// itself encrypts up to one batch behind at most one, so only a peer that keeps asking package
// tls for new keys, and reads nothing, comes to it. As much again may be in a write that waits.
const encryptedBatches = 3

var errEncrypted = errors.New("too much is encrypted for a peer that reads too little")

// quietBytes is how many bytes may be read from a TLS connection after its hello before some
// of them are data: one record of 16 KiB and a few key updates. Package tls itself would hold
// 256 KiB of a handshake message that has not come whole, for each client.
const quietBytes = 20 << 10

var (
	errEarlyBytes = errors.New("more than 32 KiB came before the hello")
	errQuietBytes = errors.New("20 KiB of TLS came without data")
)

// lower is the socket under the TLS of a connection of a node.
//
// A write that misses its deadline would break the TLS connection for good, although the
// peer may be only slow. So lower itself goes on while the peer takes something.
//
// Package tls reads and writes records of 16 KiB. On a busy connection lower reads ahead,
// and writes several records at once. With messages of 16 KiB that halves the processor
// time of a message, mostly because the frames of several records arrive in one step (chandy
// bench --only 16KiB/tls).
//
// The goroutine of a step encrypts. What the kernel does not take at once stays in out, for the
// writing goroutine. When that one encrypted everything, a channel carried two thirds of the
// messages (docs/performance.md).
type lower struct {
	*rawconn.Conn
	conn  *conn
	upper *tls.Conn // nil until the handshake is over

	// The fields up to mu are owned by the reading goroutine.

	// early is true until the hello has been read. Until then the deadline of the socket
	// holds for writes too: nobody else writes.
	early    bool
	left     int              // bytes that may still be read while early, or before the next data
	ahead    *[aheadSize]byte // memory of a busy connection, or nil
	from, to int              // ahead[from:to] was read and not returned yet
	last     int              // bytes that the last read into ahead returned
	nowait   bool             // Read returns only what is in ahead

	mu    sync.Mutex
	out   *[]byte   // encrypted and not taken by the socket yet, from buffers; nil if there is nothing
	piece [1][]byte // argument of TryWrite
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
	n, err = l.readData(b)
	l.nowait = true
	for err == nil && n < len(b) && l.from < l.to {
		var more int
		more, err = l.readData(b[n:])
		n += more
	}
	l.nowait = false
	if n > 0 && errors.Is(err, os.ErrDeadlineExceeded) { // the next record has come in part
		err = nil
	}
	return n, err
}

// readData reads what the peer has encrypted, at most one record.
func (l *lower) readData(b []byte) (n int, err error) {
	n, err = l.upper.Read(b)
	if n > 0 && !l.early {
		l.left = quietBytes
	}
	return n, err
}

// greeted must be called when the hello has been read, or the handshake of a dialler is over.
func (l *lower) greeted() { l.early, l.left = false, quietBytes }

// Read is called by package tls.
func (l *lower) Read(b []byte) (n int, err error) {
	switch {
	case l.early && l.left == 0:
		return 0, errEarlyBytes
	case l.left == 0:
		return 0, errQuietBytes
	}
	n, err = l.readUnbounded(b[:min(len(b), l.left)])
	l.left -= n
	return n, err
}

// readUnbounded is Read without the bounds.
func (l *lower) readUnbounded(b []byte) (n int, err error) {
	switch {
	case l.early:
		return l.Conn.Read(b)
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
	if l.unsent() {
		l.conn.flush()
	}
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

// encrypt encrypts b behind what has not been written yet.
func (l *lower) encrypt(b []byte) error {
	_, err := l.upper.Write(b)
	return err
}

// Write is called by package tls: for what encrypt is given, and by the reading goroutine for
// an alert or a change of keys, which the peer may ask for. It never waits for the peer.
func (l *lower) Write(b []byte) (int, error) {
	if l.early {
		return l.Conn.Write(b)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out == nil {
		l.out = newBuffer()
	}
	if len(*l.out) > encryptedBatches*l.conn.secureBatch() {
		return 0, errEncrypted
	}
	*l.out = append(*l.out, b...)
	return len(b), nil
}

// unsent reports whether something is encrypted and not written yet.
func (l *lower) unsent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out != nil
}

// tryFlush writes as much as the kernel takes without waiting, and reports whether that was
// everything. If there is a writing goroutine, only that may call it. Otherwise the caller
// must hold the mu of the connection.
func (l *lower) tryFlush() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out == nil {
		return true
	}
	l.piece[0] = *l.out
	n := l.TryWrite(l.piece[:])
	l.piece[0] = nil // buffers may use the memory again
	if n < len(*l.out) {
		*l.out = append((*l.out)[:0], (*l.out)[n:]...)
		return false
	}
	freeBuffer(l.out)
	l.out = nil
	return true
}

// flush writes what is encrypted so far, and waits for the peer. What package tls adds
// meanwhile stands behind it. Only the writing goroutine may call it.
func (l *lower) flush() error {
	if l.tryFlush() {
		return nil
	}
	l.mu.Lock()
	out := l.out
	l.out = nil
	l.mu.Unlock()
	defer freeBuffer(out)
	return l.conn.writeSocket(*out)
}
