package netnode

import (
	"io"
	"net"
	"sync"
	"time"

	"chandy/internal/core"
	"chandy/internal/rawconn"
	"chandy/wire"
)

// conn carries the frames of one connection. One goroutine reads. Another one writes,
// but only while more is queued than the kernel takes at once.
type conn struct {
	node    *Node
	id      core.ConnID
	socket  *rawconn.Conn
	lower   *lower        // between socket and TLS; nil without TLS. Set before the core receives an event
	reader  *wire.Reader  // read by the reading goroutine, which owns the next six fields too
	client  bool          // the connection is a client's; set before the core receives its first event
	reads   int           // since the core took the last frames
	told    time.Time     // when the core heard of bytes that are no whole frame yet
	request int           // bytes read since the core took the last requests of a client
	large   bool          // holds one of node.large
	batch   []wire.Frame  // memory of the last batch
	mayRead chan struct{} // closed when frames behind the hello may be read
	once    sync.Once     // closes mayRead
	done    chan struct{} // closed with the socket

	mu       sync.Mutex // guards the fields below
	drained  *sync.Cond // with mu: the queue of a client's connection became shorter
	queue    []load
	queued   int           // bytes in queue and in leaving, if it is a client's
	leaving  int           // bytes that the writing goroutine has taken out of queue
	ahead    []byte        // frames that go before queue, but not before a remainder
	writing  bool          // a writing goroutine runs
	closing  bool          // nothing more is queued; what is queued is still written
	last     bool          // closing, and the last write has begun: a peer could ask package tls for more without end
	patience time.Duration // with a peer that reads nothing
	pulses   bool          // see Node.pulse
	closed   bool          // done is closed
	failed   error         // why nothing more could be written, if that ended the connection
}

func newConn(n *Node, id core.ConnID, connection net.Conn) *conn {
	socket := rawconn.New(connection)
	c := &conn{
		node: n, id: id, socket: socket, patience: nodePatience,
		mayRead: make(chan struct{}),
		done:    make(chan struct{}),
	}
	c.reader = wire.NewReader(source{c}, wire.HelloMax)
	c.drained = sync.NewCond(&c.mu)
	return c
}

// accept lets the reader go on, because the core has let the peer in: with frames of up to
// longest bytes.
func (c *conn) accept(longest int) {
	c.permit(longest)
	if c.client {
		return
	}
	if c.lower != nil {
		c.node.conns.early.know(hostOf(c.socket))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulses = true
}

// welcomed lets the reader go on, because the other node has let this one in.
func (c *conn) welcomed() {
	c.reader.SetLimit(core.PeerLongest)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulses = true
}

// permit lets the reader go on behind the hello, with frames of up to limit bytes.
func (c *conn) permit(limit int) {
	c.reader.SetLimit(limit)
	c.once.Do(func() { close(c.mayRead) })
}

// finish ends the connection when its reader has ended.
func (c *conn) finish() {
	if c.lower != nil {
		c.flush()
	}
	c.close(true)
	<-c.done // a node that stops must find the connection until then
	c.node.conns.remove(c)
}

// close ends the connection. With flush, frames that are queued are written first.
func (c *conn) close(flush bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(flush)
}

// end is close for a caller that holds mu.
func (c *conn) end(flush bool) {
	c.closing = true
	if !flush {
		c.queue, c.ahead = nil, nil
		c.count(-c.queued)
		c.leaving = 0
	}
	if !flush || !c.writing {
		c.closeSocket()
	}
}

// fail ends the connection because it cannot be written to.
func (c *conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = err
	c.end(false)
}

// because returns why the connection has ended, if its reader says err.
func (c *conn) because(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.failed != nil: // the reader noticed only that the socket was closed
		return c.failed
	case err == io.EOF:
		return nil
	}
	return err
}

// closeSocket also ends the reader. The caller must hold mu.
func (c *conn) closeSocket() {
	c.socket.Close()
	if !c.closed {
		c.closed = true
		close(c.done)
		c.drained.Broadcast()
	}
}
