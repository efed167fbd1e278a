package netnode

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"chandy/internal/core"
	"chandy/wire"
)

// conn carries frames of one connection. A goroutine reads; a second one writes,
// but only while there is more than the kernel takes at once.
type conn struct {
	node     *Node
	id       core.ConnID
	socket   *socket
	reader   *wire.Reader
	accepted chan struct{} // closed when the core has accepted the hello
	once     sync.Once     // closes accepted
	client   bool          // a client's connection; the reader's
	batch    []wire.Frame  // the last one; the reader's
	taken    chan struct{} // the core has taken the batch that was handed over, in a step of somebody else
	done     chan struct{} // closed with the socket

	mu      sync.Mutex // guards the rest
	drained *sync.Cond // with mu: the queue of a client's connection became shorter
	queue   []load
	ahead   []byte // frames that go before queue, but for a rest
	writing bool   // there is a writer
	closing bool   // nothing more is queued; what is there is still written
	closed  bool   // done is closed
}

// load is something to write: bytes, which are whole frames but for a rest, or one
// large frame that lends its memory.
type load struct {
	bytes *[]byte // of buffers
	frame wire.Frame
	// rest: what a write at once left. It goes before what is ahead, which was
	// handed over after it, and nothing is added to it.
	rest bool
}

const (
	// batchFrames bounds what a reader hands over at once.
	batchFrames = 128
	// writeTimeout is how long one write may take before the connection is given up.
	writeTimeout = 5 * time.Second
	// writeBatch is about how much is encoded for one write, in bytes. What is ahead
	// waits for no more than one of them.
	writeBatch = 256 << 10
	// repliesMax is how many frames may wait for a client before no more is read
	// from it.
	repliesMax = 1024
)

func newConn(n *Node, id core.ConnID, connection net.Conn) *conn {
	socket := newSocket(connection)
	c := &conn{
		node: n, id: id, socket: socket,
		reader:   wire.NewReader(socket, wire.HelloMax),
		accepted: make(chan struct{}),
		taken:    make(chan struct{}, 1),
		done:     make(chan struct{}),
	}
	c.drained = sync.NewCond(&c.mu)
	return c
}

// readDialled reads from a connection that this node opened.
func (c *conn) readDialled() {
	c.reader.SetLimit(wire.AnswerMax)
	c.read()
}

// readAccepted reads from a connection from outside: a hello first, within
// HelloTimeout, and the rest once the core has accepted it.
func (c *conn) readAccepted() {
	hello, err := c.readHello()
	c.node.removeEarly(c)
	if err != nil {
		c.node.strange.Warn().Err(err).Str("remote", c.socket.RemoteAddr().String()).Msg("connection closed")
		c.finish()
		return
	}
	c.node.post(core.Accepted{Conn: c.id, Remote: c.socket.RemoteAddr().String(), Hello: hello})
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
	c.socket.SetReadDeadline(time.Now().Add(core.HelloTimeout))
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
			if !c.node.postFrom(c, core.Arrived{Conn: c.id, Frames: frames}) {
				select {
				case <-c.taken: // the memory of the frames may be used again
				case <-c.node.stop.Done():
				}
			}
			clear(frames)
		}
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			c.node.post(core.Closed{Conn: c.id, Err: err})
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
	frames = c.batch[:0]
	for len(frames) < batchFrames {
		f, err := c.reader.Read()
		if err != nil {
			return frames, err
		}
		if _, ok := f.(wire.Welcome); ok {
			c.reader.SetLimit(wire.FrameMax)
		}
		frames = append(frames, f)
		c.batch = frames
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

// write writes frames at once, as far as the kernel takes them without waiting, and
// queues a copy of the rest for a writer: when it returns, the outbox may use the
// memory of messages again. Whoever has the core calls it.
func (c *conn) write(w core.Write) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return
	}
	now := &c.node.now
	for _, f := range w.Frames {
		switch {
		case c.writing && w.Ahead:
			c.ahead = wire.Append(c.ahead, f)
		case c.writing:
			c.enqueue(f)
		default:
			if now.add(f); now.full() {
				c.writeAtOnce(now)
			}
		}
	}
	if now.size > 0 {
		c.writeAtOnce(now)
	}
}

// enqueue puts a frame behind the others, for the writer. The lock is held.
func (c *conn) enqueue(f wire.Frame) {
	last := len(c.queue) - 1
	switch f.(type) {
	case wire.Chunk, wire.Reply: // large, and there for as long as somebody refers to them
		c.queue = append(c.queue, load{frame: f})
		return
	}
	if last < 0 || c.queue[last].rest || c.queue[last].bytes == nil || len(*c.queue[last].bytes) >= writeBatch {
		c.queue = append(c.queue, load{bytes: newBuffer()})
		last++
	}
	b := c.queue[last].bytes
	*b = wire.Append(*b, f)
}

// writeAtOnce writes and empties a bundle, with nothing before it. What the kernel
// does not take without waiting is the beginning of the queue of a writer. The lock
// is held.
func (c *conn) writeAtOnce(b *bundle) {
	if n := c.socket.TryWrite(b.pieces()); n < b.size {
		rest := newBuffer()
		*rest = b.appendRest(*rest, n)
		c.queue = append(c.queue, load{bytes: rest, rest: true})
		c.writing = true
		c.node.work.Go(c.writeLoop)
	}
	b.reset()
}

// close ends the connection, when what is queued was written if flush.
func (c *conn) close(flush bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if !flush {
		c.queue, c.ahead = nil, nil
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
	for {
		one, ok := c.next()
		if !ok {
			return
		}
		if one.bytes == nil {
			one.bytes = newBuffer()
			*one.bytes = wire.Append(*one.bytes, one.frame)
		}
		c.socket.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, err := c.socket.Write(*one.bytes)
		freeBuffer(one.bytes)
		if err != nil {
			c.close(false) // the reader tells the loop
		}
	}
}

// next takes what must be written next; if there is nothing, the writer must end.
func (c *conn) next() (load, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drained.Broadcast()
	switch {
	case len(c.ahead) > 0 && (len(c.queue) == 0 || !c.queue[0].rest):
		one := load{bytes: newBuffer()}
		*one.bytes, c.ahead = append(*one.bytes, c.ahead...), c.ahead[:0]
		return one, true
	case len(c.queue) > 0:
		one := c.queue[0]
		c.queue = slices.Delete(c.queue, 0, 1)
		return one, true
	}
	c.writing = false
	c.queue, c.ahead = nil, nil
	c.socket.SetWriteDeadline(time.Time{}) // it is the writer's; a write at once does not wait
	if c.closing {
		c.closeSocket()
	}
	return load{}, false
}

// buffers are what frames are encoded into.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func newBuffer() *[]byte { return buffers.Get().(*[]byte) }

func freeBuffer(b *[]byte) {
	if *b = (*b)[:0]; cap(*b) <= 4*writeBatch {
		buffers.Put(b)
	}
}
