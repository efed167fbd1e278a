package netnode

import (
	"errors"
	"io"
	"net"
	"time"

	"chandy/internal/core"
	"chandy/internal/rawconn"
	"chandy/snapshot"
	"chandy/wire"
)

// earlyBytes is how many bytes may be read from a TLS connection until its hello has been read. It
// is enough for a chain of several certificates. Package tls itself would take several
// hundred KiB of a stranger.
const earlyBytes = 32 << 10

var errEarlyBytes = errors.New("more than 32 KiB came before the hello")

// lower is the socket under the TLS of a connection of a node.
//
// A write that misses its deadline would break the TLS connection for good, although the
// peer may be only slow. So lower itself goes on while the peer takes something.
type lower struct {
	*rawconn.Conn
	conn *conn
	left int // bytes that may still be read; only while early
	// early is true until the hello has been read. Until then the deadline of the socket
	// holds for writes too. It is owned by the reading goroutine: others write later.
	early bool
}

func (l *lower) Read(b []byte) (int, error) {
	if l.early {
		if l.left == 0 {
			return 0, errEarlyBytes
		}
		b = b[:min(len(b), l.left)]
	}
	n, err := l.Conn.Read(b)
	if l.early {
		l.left -= n
	} else if !l.conn.client {
		l.conn.tellBytes(n)
	}
	return n, err
}

func (l *lower) Write(b []byte) (int, error) {
	if l.early {
		return l.Conn.Write(b)
	}
	return len(b), l.conn.writeSocket(b)
}

func newLower(c *conn) *lower {
	return &lower{Conn: c.socket, conn: c, left: earlyBytes, early: true}
}

// secureDialled makes the handshake of a connection that this node opened to a process, if
// there is TLS.
func (c *conn) secureDialled(to snapshot.ProcessID) (err error) {
	if c.node.security == nil {
		return nil
	}
	c.socket.SetDeadline(time.Now().Add(core.HelloTimeout))
	defer c.socket.SetDeadline(time.Time{})
	l := newLower(c)
	c.tls, err = c.node.security.dial(l, to)
	l.early = false
	return err
}

// explainTo lets a peer know why its handshake failed. The alert of TLS says it already, but
// the kernel would discard the alert if the connection were closed while bytes of the peer
// are unread. A peer without TLS gets a refusal.
func (c *conn) explainTo(err error) {
	if speaksPlain(err) {
		c.socket.Write(wire.Append(nil, needsTLS))
	}
	if tcp, ok := c.socket.Conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
		io.CopyN(io.Discard, tcp, earlyBytes) // until the peer closes, or the deadline
	}
}
