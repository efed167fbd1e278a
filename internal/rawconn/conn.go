package rawconn

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// Conn is a connection. One goroutine may read and one may write at the same time.
type Conn struct {
	net.Conn
	raw         syscall.RawConn // nil if only plain calls work
	read, write transfer
	into        []byte   // argument of the current read
	pieces      [][]byte // argument of the current write
}

// A read or write of at least busyMin bytes makes a connection busy, until busyCalls
// smaller ones have followed it in the same direction.
const (
	busyMin   = 16 << 10
	busyCalls = 64
)

// transfer is the state of one direction.
type transfer struct {
	try  func(fd uintptr) (done bool) // made once, because a closure for each call would be an allocation
	wait bool                         // for the file descriptor to be ready
	busy atomic.Int32                 // calls left before this direction counts as idle; read by both directions
	n    int
	err  error
}

// New returns a Conn that takes over a connection.
func New(conn net.Conn) *Conn {
	s := &Conn{Conn: conn}
	if c, ok := conn.(syscall.Conn); ok {
		s.raw, _ = c.SyscallConn()
	}
	s.read.try = func(fd uintptr) bool { return s.read.done(readNow(fd, s.into, s.busy())) }
	s.write.try = func(fd uintptr) bool { return s.write.done(writeNow(fd, s.pieces, s.busy())) }
	return s
}

func (s *Conn) busy() bool { return s.read.busy.Load() > 0 || s.write.busy.Load() > 0 }

// done takes the result of an attempt. It reports whether it is the last attempt.
func (t *transfer) done(n int, err error) bool {
	t.n, t.err = n, err
	return !t.wait || err != syscall.EAGAIN
}

// run attempts a transfer of the given size until it is done. The caller has stored the
// argument.
func (t *transfer) run(with func(func(uintptr) bool) error, bytes int, wait bool) (n int, err error) {
	t.n, t.wait = 0, wait
	if busy := t.busy.Load(); bytes >= busyMin {
		t.busy.Store(busyCalls)
	} else if busy > 0 {
		t.busy.Store(busy - 1)
	}
	if err := with(t.try); err != nil { // the connection is closed, or its deadline has passed
		return 0, err
	}
	return max(t.n, 0), t.err
}

// Read implements [io.Reader]. Its errors are those of package net.
func (s *Conn) Read(b []byte) (int, error) {
	if s.raw == nil || len(b) == 0 || len(b) < busyMin && !s.busy() {
		return s.Conn.Read(b)
	}
	s.into = b
	n, err := s.read.run(s.raw.Read, len(b), true)
	s.into = nil
	if err != nil {
		return 0, s.failed(err)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TryWrite writes as much of the pieces as the kernel takes without waiting, and returns
// the number of bytes. It modifies the slice pieces. The next Write or Read returns an
// error of the connection; TryWrite does not.
func (s *Conn) TryWrite(pieces [][]byte) (n int) {
	if s.raw == nil {
		return 0
	}
	bytes := 0
	for _, piece := range pieces {
		bytes += len(piece)
	}
	s.pieces = pieces
	n, _ = s.write.run(s.raw.Write, bytes, false)
	s.pieces = nil
	return n
}

// failed returns the error of a read in the form that package net uses.
func (s *Conn) failed(err error) error {
	const op = "read"
	var raw *net.OpError
	var number syscall.Errno
	switch {
	case errors.As(err, &raw):
		err = raw.Err
	case errors.As(err, &number):
		err = os.NewSyscallError(op, number)
	}
	return &net.OpError{Op: op, Net: s.LocalAddr().Network(), Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}

// retry repeats a call that a signal interrupted.
func retry(call func(fd int, b []byte) (int, error), fd uintptr, b []byte) (int, error) {
	for {
		if n, err := call(int(fd), b); err != syscall.EINTR {
			return n, err
		}
	}
}
