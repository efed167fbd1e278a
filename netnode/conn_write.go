package netnode

import (
	"slices"
	"sync"
	"time"

	"chandy/internal/core"
	"chandy/wire"
)

// load is something to write: encoded frames, or one large frame whose memory stays
// where it is until it is written.
type load struct {
	bytes *[]byte // from buffers; whole frames, unless it is a remainder
	frame wire.Frame
	// remainder marks what a write at once left over. It may begin in the middle of a
	// frame, so even frames that are ahead wait for it, and nothing is added to it.
	remainder bool
}

const (
	// writeTimeout is how long one write may take before the connection is given up.
	writeTimeout = 5 * time.Second
	// writeBatch is about how much is encoded for one write, in bytes. Frames that are
	// ahead wait for at most one such write.
	writeBatch = 256 << 10
)

// write writes frames at once, as far as the kernel takes them without waiting, and
// queues a copy of the remainder. When it returns, the outbox may use the memory of
// messages again. The caller must hold stepper.mu, which guards the iovec.
func (c *conn) write(w core.Write) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return
	}
	v := &c.node.iovec
	for _, f := range w.Frames {
		switch {
		case c.writing && w.Ahead:
			c.ahead = wire.Append(c.ahead, f)
		case c.writing:
			c.enqueue(f)
		default:
			if v.add(f); v.full() {
				c.writeAtOnce(v)
			}
		}
	}
	if v.size > 0 {
		c.writeAtOnce(v)
	}
}

// enqueue queues a frame for the writing goroutine. The caller must hold mu.
func (c *conn) enqueue(f wire.Frame) {
	last := len(c.queue) - 1
	switch f.(type) {
	case wire.Chunk, wire.Reply: // large, and their memory is never used again
		c.queue = append(c.queue, load{frame: f})
		return
	}
	if last < 0 || c.queue[last].remainder || c.queue[last].bytes == nil || len(*c.queue[last].bytes) >= writeBatch {
		c.queue = append(c.queue, load{bytes: newBuffer()})
		last++
	}
	b := c.queue[last].bytes
	*b = wire.Append(*b, f)
}

// writeAtOnce writes and empties v. The queue must be empty. The kernel may not
// take everything without waiting; the remainder begins the queue of a new writing
// goroutine. The caller must hold mu.
func (c *conn) writeAtOnce(v *iovec) {
	if n := c.socket.TryWrite(v.pieces()); n < v.size {
		remainder := newBuffer()
		*remainder = v.appendAfter(*remainder, n)
		c.queue = append(c.queue, load{bytes: remainder, remainder: true})
		c.writing = true
		c.node.work.Go(c.writeLoop)
	}
	v.reset()
}

// writeLoop writes the queue until it is empty.
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
			c.close(false) // empties the queue, so the loop ends; the reader reports to the core
		}
	}
}

// next removes what must be written next. If there is nothing, the writing goroutine
// must end.
func (c *conn) next() (load, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drained.Broadcast() // for awaitDrained
	switch {
	case len(c.ahead) > 0 && (len(c.queue) == 0 || !c.queue[0].remainder):
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
	c.socket.SetWriteDeadline(time.Time{}) // a write at once would fail with an old deadline
	if c.closing {
		c.closeSocket()
	}
	return load{}, false
}

// buffers holds memory for encoded frames.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func newBuffer() *[]byte { return buffers.Get().(*[]byte) }

func freeBuffer(b *[]byte) {
	if *b = (*b)[:0]; cap(*b) <= 4*writeBatch {
		buffers.Put(b)
	}
}
