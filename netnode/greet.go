package netnode

import (
	"io"
	"net"
	"time"

	"chandy/internal/cert"
	"chandy/internal/core"
	"chandy/snapshot"
	"chandy/wire"
)

// greet makes the TLS handshake, if there is TLS, and reads the hello. Both must be over at
// the deadline.
func (c *conn) greet(deadline time.Time) (hello wire.Hello, peer cert.Identity, err error) {
	c.socket.SetDeadline(deadline)
	defer c.socket.SetDeadline(time.Time{})
	if c.node.security == nil {
		hello, err = c.readHello()
		return hello, peer, err
	}
	l := newLower(c)
	if l.upper, peer, err = c.node.security.accept(l); err != nil {
		c.explainTo(err)
		return hello, peer, err
	}
	c.lower = l
	hello, err = c.readHello()
	l.greeted()
	return hello, peer, err
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
	if l.upper, err = c.node.security.dial(l, to); err != nil {
		return err
	}
	l.greeted()
	c.lower = l
	return nil
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
