package netnode

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"chandy/wire"
)

// conn carries frames of one connection: a goroutine reads, another writes.
type conn struct {
	node     *Node
	id       ConnID
	socket   net.Conn
	reader   *wire.Reader
	accepted chan struct{} // closed by the loop when the hello was accepted
	once     sync.Once     // closes accepted
	credit   chan struct{} // one for each batch that the loop has not taken yet
	done     chan struct{} // closed when the writer has ended, and with it the socket

	mu      sync.Mutex // guards the rest
	queue   []wire.Frame
	closing bool // nothing more is queued; what is there is still written
	wake    chan struct{}
}

const (
	// batchFrames and batchBytes bound what a reader hands over at once; creditMax
	// is how many such batches may wait for the loop.
	batchFrames = 128
	batchBytes  = 256 << 10
	creditMax   = 2
	// writeTimeout is how long one write may take before the connection is given up.
	writeTimeout = 10 * time.Second
	// writeBytes is about how much is encoded for one write.
	writeBytes = 128 << 10
)

func newConn(n *Node, id ConnID, socket net.Conn) *conn {
	return &conn{
		node: n, id: id, socket: socket,
		reader:   wire.NewReader(socket, wire.HelloMax),
		accepted: make(chan struct{}),
		credit:   make(chan struct{}, creditMax),
		done:     make(chan struct{}),
		wake:     make(chan struct{}, 1),
	}
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
	<-c.node.early
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

// write queues frames.
func (c *conn) write(frames []wire.Frame) {
	c.mu.Lock()
	if !c.closing {
		c.queue = append(c.queue, frames...)
	}
	c.mu.Unlock()
	c.signal()
}

// close ends the connection, when what is queued was written if flush.
func (c *conn) close(flush bool) {
	c.mu.Lock()
	c.closing = true
	if !flush {
		c.queue = nil
	}
	c.mu.Unlock()
	if !flush {
		c.socket.Close()
	}
	c.signal()
}

func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// writeLoop writes what is queued until the connection is closed.
func (c *conn) writeLoop() {
	defer close(c.done)
	defer c.socket.Close() // ends the reader too
	var queue []wire.Frame
	for {
		c.mu.Lock()
		queue, c.queue = c.queue, queue[:0]
		closing := c.closing
		c.mu.Unlock()
		switch {
		case len(queue) > 0:
			if err := c.writeFrames(queue); err != nil {
				return // the reader tells the loop
			}
			clear(queue)
		case closing:
			return
		default:
			<-c.wake
		}
	}
}

// buffers are what frames are encoded into for a write.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (c *conn) writeFrames(frames []wire.Frame) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b := (*buf)[:0]
	for i, f := range frames {
		b = wire.Append(b, f)
		if len(b) < writeBytes && i+1 < len(frames) {
			continue
		}
		c.socket.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := c.socket.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	if cap(b) <= 4*writeBytes {
		*buf = b
	}
	return nil
}
