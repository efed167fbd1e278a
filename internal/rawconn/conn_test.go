package rawconn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

// pair returns the two ends of a TCP connection.
func pair(t *testing.T) (*Conn, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	s := New(near)
	if s.raw == nil {
		t.Fatal("file descriptor of a TCP connection: got none, want one")
	}
	return s, far.(*net.TCPConn)
}

func TestReadEndsAsInPackageNet(t *testing.T) {
	for _, size := range []int{1 << 10, 128 << 10} { // a plain call, and a raw one
		for _, c := range []struct {
			name string
			end  func(s *Conn, far *net.TCPConn)
			want error
		}{
			{"the peer closes", func(_ *Conn, far *net.TCPConn) { far.Close() }, io.EOF},
			{"the peer resets", func(_ *Conn, far *net.TCPConn) { far.SetLinger(0); far.Close() }, syscall.ECONNRESET},
			{"closed here", func(s *Conn, _ *net.TCPConn) { s.Close() }, net.ErrClosed},
			{"out of time", func(s *Conn, _ *net.TCPConn) { s.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		} {
			s, far := pair(t)
			far.Write([]byte("abc"))
			b := make([]byte, size)
			if n, err := s.Read(b); string(b[:n]) != "abc" || err != nil {
				t.Errorf("%s, %d bytes: got %q and error %v, want abc", c.name, size, b[:n], err)
			}
			ended := make(chan error)
			go func() {
				_, err := s.Read(b)
				ended <- err
			}()
			c.end(s, far)
			err := <-ended
			if !errors.Is(err, c.want) {
				t.Errorf("%s, %d bytes: got error %v, want %v", c.name, size, err, c.want)
			}
			var op *net.OpError
			if c.want != io.EOF && (!errors.As(err, &op) || op.Op != "read" || op.Addr == nil) {
				t.Errorf("%s, %d bytes: got error %#v, want a *net.OpError of a read, with an address", c.name, size, err)
			}
		}
	}
}

// TestWrittenBytesArrive writes pieces of many sizes, also more than the kernel takes. A
// write deadline that has passed and was removed must have no effect.
func TestWrittenBytesArrive(t *testing.T) {
	var many [][]byte
	for i := range 200 {
		many = append(many, bytes.Repeat([]byte{byte(i)}, i%5*700))
	}
	for name, pieces := range map[string][][]byte{
		"none":                          {},
		"one, small":                    {[]byte("abc")},
		"small ones":                    {[]byte("abc"), nil, []byte("def")},
		"more than a call takes, empty": many,
		"a large one between":           {[]byte("abc"), bytes.Repeat([]byte("x"), 1<<20), []byte("def")},
		"more than the kernel takes":    {[]byte("abc"), bytes.Repeat([]byte("large"), 8<<20), []byte("def")},
		"only empty ones":               {nil, {}, nil},
	} {
		s, far := pair(t)
		s.SetWriteDeadline(time.Unix(1, 0))
		s.SetWriteDeadline(time.Time{})
		want := bytes.Join(pieces, nil)
		n := s.TryWrite(slices.Clone(pieces))
		if n > len(want) || n == 0 && len(want) > 0 || n < len(want) && len(want) < 100<<10 {
			t.Errorf("%s: got %d bytes written, want %d (fewer only from 100 KiB on, and never 0)", name, n, len(want))
		}
		s.Close()
		if got, err := io.ReadAll(far); err != nil || !bytes.Equal(got, want[:n]) {
			t.Errorf("%s: got %d bytes (error: %v) at the other end, want the first %d of the pieces", name, len(got), err, n)
		}
	}
}
