package netnode

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"chandy/wire"
)

// conn carries frames of one connection. A goroutine reads; a second one writes,
// but only while there is more than a small write at once can take.
type conn struct {
	node     *Node
	id       ConnID
	socket   net.Conn
	raw      syscall.RawConn // of socket; nil: it has none
	reader   *wire.Reader
	accepted chan struct{} // closed by the loop when the hello was accepted
	once     sync.Once     // closes accepted
	client   bool          // a client's connection; the reader's
	credit   chan struct{} // one for each batch that the loop has not taken yet
	done     chan struct{} // closed with the socket

	mu      sync.Mutex // guards the rest
	drained *sync.Cond // with mu: the queue of a client's connection became shorter
	queue   []wire.Frame
	rest    []byte // what a write at once left of its frames, before those in queue
	writing bool   // there is a writer
	closing bool   // nothing more is queued; what is there is still written
	closed  bool   // done is closed
}

const (
	// batchFrames and batchBytes bound what a reader hands over at once; creditMax
	// is how many such batches may wait for the loop.
	batchFrames = 128
	batchBytes  = 256 << 10
	creditMax   = 2
	// writeTimeout is how long one write may take before the connection is given up.
	writeTimeout = 5 * time.Second
	// writeBatch is about how much is encoded for one write.
	writeBatch = 128 << 10
	// writeSmall is the longest body, in bytes, of what is written at once.
	writeSmall = 4 << 10
	// repliesMax is how many frames may wait for a client before no more is read
	// from it.
	repliesMax = 1024
	// atOnceFrames is how many frames the loop writes by itself if it can without
	// waiting: it saves a marker the way through another goroutine.
	atOnceFrames = 4
)

func newConn(n *Node, id ConnID, socket net.Conn) *conn {
	c := &conn{
		node: n, id: id, socket: socket,
		reader:   wire.NewReader(socket, wire.HelloMax),
		accepted: make(chan struct{}),
		credit:   make(chan struct{}, creditMax),
		done:     make(chan struct{}),
	}
	c.drained = sync.NewCond(&c.mu)
	if s, ok := socket.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn()
	}
	return c
}

// readDialled reads from a connection that this node opened.
func (c *conn) readDialled() {
	c.reader.SetLimit(wire.AnswerMax)
	c.read()
}

// readAccepted reads from a connection from outside: a hello first, within
// helloTimeout, and the rest once the loop has accepted it.
func (c *conn) readAccepted() {
	hello, err := c.readHello()
	c.node.removeEarly(c)
	if err != nil {
		c.node.strange.Warn().Err(err).Str("remote", c.socket.RemoteAddr().String()).Msg("connection closed")
		c.finish()
		return
	}
	c.node.mail.post(Accepted{c.id, c.socket.RemoteAddr().String(), hello})
	select {
	case <-c.accepted:
	case <-c.done: // refused
		c.finish()
		return
	}
	c.reader.SetLimit(wire.FrameMax)
	c.client = hello.Role == wire.RoleControl
	c.read()
}

func (c *conn) readHello() (wire.Hello, error) {
	c.socket.SetReadDeadline(time.Now().Add(helloTimeout))
	defer c.socket.SetReadDeadline(time.Time{})
	f, err := c.reader.Read()
	if err != nil {
		return wire.Hello{}, fmt.Errorf("read hello: %w", err)
	}
	hello, ok := f.(wire.Hello)
	if !ok {
		return wire.Hello{}, fmt.Errorf("read hello: %s came instead", f.Type())
	}
	return hello, nil
}

// read hands over what comes until the connection ends.
func (c *conn) read() {
	for {
		if c.client {
			c.awaitDrained()
		}
		frames, err := c.readBatch()
		if len(frames) > 0 {
			select {
			case c.credit <- struct{}{}:
				c.node.mail.post(Arrived{c.id, frames})
			case <-c.done:
			}
		}
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			c.node.mail.post(Closed{c.id, err})
			c.finish()
			return
		}
	}
}

// awaitDrained keeps a client that does not read its replies from asking for more.
func (c *conn) awaitDrained() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) > repliesMax && !c.closed {
		c.drained.Wait()
	}
}

// readBatch waits for a frame and takes those behind it that are there already.
func (c *conn) readBatch() (frames []wire.Frame, err error) {
	for bytes := 0; len(frames) < batchFrames && bytes < batchBytes; {
		f, err := c.reader.Read()
		if err != nil {
			return frames, err
		}
		switch f := f.(type) {
		case wire.Welcome:
			c.reader.SetLimit(wire.FrameMax)
		case wire.Data:
			bytes += len(f.Batch.Body)
		}
		frames = append(frames, f)
		if c.reader.Buffered() == 0 {
			break
		}
	}
	return frames, nil
}

// finish ends the connection when its reader has ended.
func (c *conn) finish() {
	c.close(true)
	c.node.remove(c)
}

// write writes frames at once or queues them. The loop calls it.
func (c *conn) write(frames []wire.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing:
		return
	case c.writing:
		c.queue = append(c.queue, frames...)
		return
	case c.raw != nil && small(frames):
		if c.rest = c.writeAtOnce(frames); len(c.rest) == 0 {
			return
		}
	default:
		c.queue = append(c.queue, frames...)
	}
	c.writing = true
	c.node.work.Go(c.writeLoop)
}

// small tells whether frames may be written at once: few, and none with messages
// or a chunk, which may be long.
func small(frames []wire.Frame) bool {
	for _, f := range frames {
		switch f := f.(type) {
		case wire.Data:
			if len(f.Batch.Body) > writeSmall {
				return false
			}
		case wire.Part:
			if len(f.Bytes) > writeSmall {
				return false
			}
		case wire.Reply, wire.Refuse:
			return false
		}
	}
	return len(frames) <= atOnceFrames
}

// writeAtOnce writes as much as the kernel takes without waiting, and returns the
// rest. An error shows with the next write or read.
func (c *conn) writeAtOnce(frames []wire.Frame) (rest []byte) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b := (*buf)[:0]
	for _, f := range frames {
		b = wire.Append(b, f)
	}
	*buf = b
	n := 0
	c.raw.Write(func(fd uintptr) bool {
		if k, err := syscall.Write(int(fd), b); err == nil {
			n = k
		}
		return true // whatever happened: do not wait
	})
	return bytes.Clone(b[n:])
}

// close ends the connection, when what is queued was written if flush.
func (c *conn) close(flush bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if !flush {
		c.queue, c.rest = nil, nil
	}
	if !flush || !c.writing {
		c.closeSocket()
	}
}

// closeSocket ends the reader too. The lock is held.
func (c *conn) closeSocket() {
	c.socket.Close()
	if !c.closed {
		c.closed = true
		close(c.done)
		c.drained.Broadcast()
	}
}

// writeLoop writes what is queued, until there is no more.
func (c *conn) writeLoop() {
	var queue []wire.Frame
	for {
		c.mu.Lock()
		rest := c.rest
		queue, c.queue, c.rest = c.queue, queue[:0], nil
		c.drained.Broadcast()
		if len(queue) == 0 && len(rest) == 0 {
			c.writing = false
			c.queue = nil
			if c.closing {
				c.closeSocket()
			}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		err := c.writeBytes(rest)
		if err == nil {
			err = c.writeFrames(queue)
		}
		if err != nil {
			c.close(false) // the reader tells the loop
		}
		clear(queue)
	}
}

func (c *conn) writeBytes(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	c.socket.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.socket.Write(b)
	return err
}

// buffers are what frames are encoded into for a write.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (c *conn) writeFrames(frames []wire.Frame) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b := (*buf)[:0]
	for i, f := range frames {
		b = wire.Append(b, f)
		if len(b) < writeBatch && i+1 < len(frames) {
			continue
		}
		if err := c.writeBytes(b); err != nil {
			return err
		}
		b = b[:0]
	}
	if cap(b) <= 4*writeBatch {
		*buf = b
	}
	return nil
}
