package netnode

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// socket is a connection that makes its large reads, and its large writes at once,
// without a word to Go's scheduler. They never block, but they take the kernel longer than the scheduler
// gives a call that it knows of: it would take the processor away, wake another
// thread for it, and the one that made the call would have to queue when it is back.
// Where a connection is no file descriptor of the system's, the plain calls serve.
//
// One goroutine reads, and one at a time writes.
type socket struct {
	net.Conn
	raw         syscall.RawConn // nil: the plain calls serve
	read, write transfer
	into        []byte   // of the call to read
	pieces      [][]byte // of the call to write
}

// transfer is the last call in one direction.
type transfer struct {
	try  func(fd uintptr) (done bool) // made once: a closure for each call would be memory for each call
	wait bool                         // until the file descriptor is ready
	n    int
	err  error
}

func newSocket(conn net.Conn) *socket {
	s := &socket{Conn: conn}
	if c, ok := conn.(syscall.Conn); ok {
		s.raw, _ = c.SyscallConn()
	}
	s.read.try = func(fd uintptr) bool { return s.read.done(readNow(fd, s.into)) }
	s.write.try = func(fd uintptr) bool { return s.write.done(writeNow(fd, s.pieces)) }
	return s
}

// done takes the result of an attempt and tells whether it was the last one.
func (t *transfer) done(n int, err error) bool {
	t.n, t.err = n, err
	return !t.wait || err != syscall.EAGAIN
}

// run attempts until it is done. The caller has said with what.
func (t *transfer) run(with func(func(uintptr) bool) error, wait bool) (n int, err error) {
	t.n, t.wait = 0, wait
	if err := with(t.try); err != nil { // the connection is closed, or out of time
		return 0, err
	}
	return max(t.n, 0), t.err
}

// Read is for an io.Reader.
func (s *socket) Read(b []byte) (int, error) {
	if s.raw == nil || len(b) == 0 {
		return s.Conn.Read(b)
	}
	s.into = b
	n, err := s.read.run(s.raw.Read, true)
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
	s.pieces = pieces
	n, _ = s.write.run(s.raw.Write, false)
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
