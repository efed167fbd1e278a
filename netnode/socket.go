package netnode

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// socket is a connection that reads and writes without a word to Go's scheduler. Its
// calls never block, but a large one takes the kernel longer than the scheduler
// gives a call that it knows of: it then takes the processor away, wakes another
// thread, and the one that made the call has to queue when it is back. Where a
// connection is no file descriptor of the system's, the plain calls serve.
//
// One goroutine reads, and one at a time writes.
type socket struct {
	net.Conn
	raw         syscall.RawConn // nil: the plain calls serve
	read, write transfer
}

// transfer is one direction of a socket, and its last call.
type transfer struct {
	call  func(fd uintptr, b []byte) (int, error)
	wait  bool
	bytes []byte
	n     int
	err   error
	try   func(fd uintptr) (done bool) // made once: a closure for each call would be memory for each call
}

func newSocket(conn net.Conn) *socket {
	s := &socket{Conn: conn}
	if c, ok := conn.(syscall.Conn); ok {
		s.raw, _ = c.SyscallConn()
	}
	s.read.init(readNow)
	s.write.init(writeNow)
	return s
}

func (t *transfer) init(call func(uintptr, []byte) (int, error)) {
	t.call = call
	t.try = func(fd uintptr) bool {
		t.n, t.err = t.call(fd, t.bytes)
		return !t.wait || t.err != syscall.EAGAIN
	}
}

// run makes a call, with via, which waits until the file descriptor is ready where
// that was asked for.
func (t *transfer) run(via func(func(uintptr) bool) error, b []byte, wait bool) (n int, err error) {
	t.bytes, t.wait, t.n, t.err = b, wait, 0, nil
	err = via(t.try)
	t.bytes = nil
	if err == nil {
		err = t.err
	}
	return max(t.n, 0), err
}

// Read is for an io.Reader.
func (s *socket) Read(b []byte) (int, error) {
	if s.raw == nil || len(b) == 0 {
		return s.Conn.Read(b)
	}
	n, err := s.read.run(s.raw.Read, b, true)
	if err != nil {
		return 0, s.failed("read", err)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Write is for an io.Writer.
func (s *socket) Write(b []byte) (n int, err error) {
	if s.raw == nil {
		return s.Conn.Write(b)
	}
	for n < len(b) {
		k, err := s.write.run(s.raw.Write, b[n:], true)
		if err != nil {
			return n, s.failed("write", err)
		}
		n += k
	}
	return n, nil
}

// TryWrite writes as much as goes without waiting. An error shows with the next
// Write or Read.
func (s *socket) TryWrite(b []byte) (n int) {
	if s.raw != nil && len(b) > 0 {
		n, _ = s.write.run(s.raw.Write, b, false)
	}
	return n
}

// failed is err as package net would have told it.
func (s *socket) failed(op string, err error) error {
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
