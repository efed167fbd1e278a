package netnode

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// socket is a connection that makes calls without a word to Go's scheduler while it
// is busy. They never block, but large ones take the kernel longer than the scheduler
// gives a call that it knows of: it would take the processor away, wake another
// thread for it, and the one that made the call would have to queue when it is back.
// A connection that is not busy makes the plain calls: a scheduler that hears of none
// lets its monitor thread sleep, and on a machine with nothing else to do the next
// wake-up then takes several times as long. They serve too where a connection is no
// file descriptor of the system's.
//
// One goroutine reads, and one at a time writes.
type socket struct {
	net.Conn
	raw         syscall.RawConn // nil: the plain calls serve
	read, write transfer
	into        []byte   // of the call to read
	pieces      [][]byte // of the call to write
}

// A read or write of at least busyMin bytes makes a connection busy, until busyCalls
// smaller ones have followed it in the same direction.
const (
	busyMin   = 16 << 10
	busyCalls = 64
)

// transfer is the last call in one direction.
type transfer struct {
	try  func(fd uintptr) (done bool) // made once: a closure for each call would be memory for each call
	wait bool                         // until the file descriptor is ready
	busy atomic.Int32                 // for so many calls; the other direction looks at it
	n    int
	err  error
}

func newSocket(conn net.Conn) *socket {
	s := &socket{Conn: conn}
	if c, ok := conn.(syscall.Conn); ok {
		s.raw, _ = c.SyscallConn()
	}
	s.read.try = func(fd uintptr) bool { return s.read.done(readNow(fd, s.into, s.busy())) }
	s.write.try = func(fd uintptr) bool { return s.write.done(writeNow(fd, s.pieces, s.busy())) }
	return s
}

func (s *socket) busy() bool { return s.read.busy.Load() > 0 || s.write.busy.Load() > 0 }

// done takes the result of an attempt and tells whether it was the last one.
func (t *transfer) done(n int, err error) bool {
	t.n, t.err = n, err
	return !t.wait || err != syscall.EAGAIN
}

// run attempts, with some bytes that the caller has put in their place, until it is
// done.
func (t *transfer) run(with func(func(uintptr) bool) error, bytes int, wait bool) (n int, err error) {
	t.n, t.wait = 0, wait
	if busy := t.busy.Load(); bytes >= busyMin {
		t.busy.Store(busyCalls)
	} else if busy > 0 {
		t.busy.Store(busy - 1)
	}
	if err := with(t.try); err != nil { // the connection is closed, or out of time
		return 0, err
	}
	return max(t.n, 0), t.err
}

// Read is for an io.Reader.
func (s *socket) Read(b []byte) (int, error) {
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

// TryWrite writes as much of some pieces as goes without waiting, and uses the slice
// of them up. An error shows with the next Write or Read.
func (s *socket) TryWrite(pieces [][]byte) (n int) {
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

// failed is why a read failed, as package net would have told it.
func (s *socket) failed(err error) error {
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

// retry makes a call until no signal interrupts it.
func retry(call func(fd int, b []byte) (int, error), fd uintptr, b []byte) (int, error) {
	for {
		if n, err := call(int(fd), b); err != syscall.EINTR {
			return n, err
		}
	}
}
