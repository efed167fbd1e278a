package netnode

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"chandy/internal/rawconn"
)

// lowerOf returns the socket under a TLS connection, and the other end of it.
func lowerOf(t *testing.T) (*lower, net.Conn) {
	t.Helper()
	here, there := net.Pipe()
	t.Cleanup(func() {
		here.Close()
		there.Close()
	})
	socket := rawconn.New(here)
	return newLower(&conn{socket: socket, client: true}), there
}

// Until the hello has been read, 32 KiB may come: one byte below that, exactly that, and one
// byte more.
func TestBytesBeforeTheHelloAreBounded(t *testing.T) {
	bounded(t, earlyBytes, errEarlyBytes, func(*lower) {})
}

// After the hello, package tls gets 20 KiB at most until some of it is data. It would otherwise
// hold 256 KiB of a message that belongs to no handshake and has not come whole.
func TestBytesWithoutDataAreBounded(t *testing.T) {
	bounded(t, quietBytes, errQuietBytes, (*lower).greeted)
}

// bounded fails the test unless a prepared lower returns exactly so many bytes before its error.
func bounded(t *testing.T, most int, fault error, prepare func(*lower)) {
	t.Helper()
	for _, test := range []struct {
		bytes int
		want  error
	}{{most - 1, io.EOF}, {most, fault}, {most + 1, fault}} {
		l, there := lowerOf(t)
		prepare(l)
		go func() {
			there.Write(make([]byte, test.bytes))
			there.Close()
		}()
		n := 0
		var err error
		for b := make([]byte, 1000); err == nil; {
			var k int
			k, err = l.Read(b)
			n += k
		}
		if !errors.Is(err, test.want) || n != min(test.bytes, most) {
			t.Errorf("%d bytes: got %d, error %v, want %d, error %v", test.bytes, n, err, min(test.bytes, most), test.want)
		}
	}
}

// A busy connection is read ahead. Without waiting, a read returns only what is there.
func TestABusyConnectionIsReadAhead(t *testing.T) {
	l, there := lowerOf(t)
	l.early, l.conn.client, l.conn.told = false, false, time.Now().Add(time.Hour)
	go func() {
		there.Write(make([]byte, 1000)) // fills b
		there.Write(make([]byte, 3000))
	}()
	b := make([]byte, 1000)
	for i, want := range []int{1000, 1000, 1000, 1000} {
		if n, err := l.Read(b); n != want || err != nil {
			t.Errorf("read %d: got %d bytes, error %v, want %d", i+1, n, err, want)
		}
	}
	l.nowait = true
	if n, err := l.Read(b); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes, error %v, want none and %v", n, err, os.ErrDeadlineExceeded)
	}
}
