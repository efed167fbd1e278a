package netnode

import (
	"cmp"
	"errors"
	"fmt"
	"os"
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

// size returns how many bytes a load counts for in the queue of a client.
func (l load) size() int {
	if l.bytes != nil {
		return len(*l.bytes)
	}
	if r, ok := l.frame.(wire.Reply); ok {
		return len(r.Body) + replyBytes
	}
	return 0
}

const (
	// nodePatience and clientPatience are how long a peer may take nothing of what is
	// written to it before the connection is given up. A person may stop a client.
	nodePatience   = 5 * time.Second
	clientPatience = time.Minute
	// writeBatch is about how much is written at once, in bytes.
	writeBatch = 256 << 10
	// queueBatch is about how much is encoded for one write of the writing goroutine, in
	// bytes. Frames that are ahead wait for at most one such write, or for one chunk.
	queueBatch = 64 << 10
	// secureBatch is how many bytes are encrypted for one write. Frames that are ahead cannot
	// overtake what is encrypted. It fits into the caches: with 128 KiB a channel carries three
	// quarters of the messages of 16 KiB (chandy bench --only 16KiB/tls).
	secureBatch = 64 << 10
	// clientBatch is the same for a client: one record of TLS. There may be many clients, and
	// what is encrypted counts against no limit of all of them.
	clientBatch = 16 << 10
	// slowWrite is how long the writing goroutine may need for queueBatch. A connection that
	// takes longer is slow: the kernel then takes little in advance, so that frames that are
	// ahead wait less.
	slowWrite = time.Second
	// aheadMax is how many bytes of frames that are ahead may wait. A peer that causes
	// answers (pings cause pongs, messages acks) and reads none must not make a node hold
	// more.
	aheadMax = 4 << 20
	// atOnceMax is how much one call of write writes at once, in bytes. A peer that reads
	// quickly would otherwise keep the loop writing until a part of 300 MB is sent: the
	// program stood still for 100 ms (chandy bench --only snapshot/large).
	atOnceMax = 2 << 20
)

// write writes frames at once, as far as the kernel takes them without waiting, and
// queues a copy of the remainder. When it returns, the outbox may use the memory of
// messages again. The caller must hold stepper.mu, which guards the iovec.
func (c *conn) write(w core.Write) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.writeTo(&c.node.iovec, w)
	}
}

// writeTo is write with an empty iovec. The caller must hold mu.
func (c *conn) writeTo(v *iovec, w core.Write) {
	atOnce := 0
	for _, f := range w.Frames {
		switch {
		case c.closing: // a write failed
		case c.writing && idle(f):
		case c.writing && w.Ahead:
			if c.ahead = wire.Append(c.ahead, f); len(c.ahead) > aheadMax {
				c.failed = fmt.Errorf("%d KiB waited for a peer that reads too little", len(c.ahead)>>10)
				c.end(false)
				return
			}
		case c.writing:
			c.enqueue(f)
		default:
			if v.add(f); v.full() {
				atOnce += v.size
				c.writeAtOnce(v, w.Ahead)
				if atOnce >= atOnceMax && !c.writing { // with c.mu held, it finds the queue when it is filled
					c.startWriting()
				}
			}
		}
	}
	if v.size > 0 {
		c.writeAtOnce(v, w.Ahead)
	}
}

// enqueue queues a frame for the writing goroutine. The caller must hold mu.
func (c *conn) enqueue(f wire.Frame) {
	last := len(c.queue) - 1
	switch f.(type) {
	case wire.Chunk, wire.Reply: // large, and their memory is never used again
		c.push(load{frame: f})
		return
	}
	if last < 0 || c.queue[last].remainder || c.queue[last].bytes == nil || len(*c.queue[last].bytes) >= queueBatch {
		c.queue = append(c.queue, load{bytes: newBuffer()})
		last++
	}
	b := c.queue[last].bytes
	before := len(*b)
	*b = wire.Append(*b, f)
	c.count(len(*b) - before)
}

// push adds a load to the queue. The caller must hold mu.
func (c *conn) push(one load) {
	c.queue = append(c.queue, one)
	c.count(one.size())
}

// writeAtOnce writes and empties v. The queue must be empty. The kernel may not
// take everything without waiting; what it leaves begins the queue of a new writing
// goroutine: the remainder of a frame and the frames behind it. Frames that are ahead are
// one remainder, because others must not overtake them. The caller must hold mu.
func (c *conn) writeAtOnce(v *iovec, ahead bool) {
	if n := c.tryWrite(v); n < v.size {
		end := n
		switch {
		case ahead:
			end = v.size
		case n > 0:
			end = v.frameEnd(n + 1)
		}
		if end > n {
			c.push(load{bytes: v.copyRange(n, end), remainder: true})
		}
		for end < v.size {
			begin := end
			end = v.frameEnd(min(begin+queueBatch, v.size))
			c.push(load{bytes: v.copyRange(begin, end)})
		}
	}
	if len(c.queue) > 0 || c.lower != nil && !c.closing && c.lower.unsent() {
		c.startWriting()
	}
	v.reset()
}

// tryWrite writes as much of v as the kernel takes without waiting, and returns the number
// of bytes. With TLS the last of them may be encrypted and not written yet. The caller must
// hold mu.
func (c *conn) tryWrite(v *iovec) (n int) {
	if c.lower == nil {
		return c.socket.TryWrite(v.pieces())
	}
	for n < v.size {
		end := min(n+c.secureBatch(), v.size)
		b := v.copyRange(n, end)
		err := c.lower.encrypt(*b)
		freeBuffer(b)
		if err != nil {
			c.failed = err
			c.lower.tryFlush() // an alert of package tls
			c.end(false)
			return v.size
		}
		if n = end; !c.lower.tryFlush() {
			break
		}
	}
	return n
}

// secureBatch returns how many bytes are encrypted for one write.
func (c *conn) secureBatch() int {
	if c.client {
		return clientBatch
	}
	return secureBatch
}

// flush writes what package tls says by itself: an alert, or an answer to a change of keys.
func (c *conn) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.writing && !c.closing && !c.lower.tryFlush() {
		c.startWriting()
	}
}

// startWriting starts the writing goroutine. The caller must hold mu.
func (c *conn) startWriting() {
	c.writing = true
	c.node.work.Go(c.writeLoop)
}

// writeLoop writes the queue until it is empty.
func (c *conn) writeLoop() {
	slow := false
	for {
		one, ok := c.next()
		if !ok {
			return
		}
		if one.bytes == nil {
			one.bytes = newBuffer()
			*one.bytes = wire.Append(*one.bytes, one.frame)
		}
		begun := time.Now()
		err := c.writeAll(*one.bytes)
		if took := time.Since(begun); !slow && took > slowWrite*time.Duration(1+len(*one.bytes)/queueBatch) {
			slow = true
			limitUnsent(c.socket.Conn, unsentSlow)
		}
		if err != nil {
			c.fail(err) // empties the queue, so the loop ends; the reader reports to the core
		}
		freeBuffer(one.bytes)
	}
}

// writeAll writes b behind what is encrypted already. It fails as writeSocket does.
func (c *conn) writeAll(b []byte) error {
	if c.lower == nil {
		return c.writeSocket(b)
	}
	for {
		n := min(len(b), c.secureBatch())
		if err := cmp.Or(c.lower.encrypt(b[:n]), c.lower.flush()); err != nil { // an alert is written in any case
			return err
		}
		if b = b[n:]; len(b) == 0 {
			return nil
		}
	}
}

// writeSocket writes b. It fails when the peer took nothing for as long as the patience
// lasts: on a slow connection the whole may take longer, unless the connection is closing.
func (c *conn) writeSocket(b []byte) error {
	for {
		c.mu.Lock()
		patience, closing := c.patience, c.closing
		c.mu.Unlock()
		c.socket.SetWriteDeadline(time.Now().Add(patience))
		n, err := c.socket.Write(b)
		b = b[n:]
		switch late := errors.Is(err, os.ErrDeadlineExceeded); {
		case late && n == 0:
			return fmt.Errorf("nothing could be written for %v", patience)
		case !late || closing:
			return err
		}
	}
}

// next removes what must be written next. What it returned before has been written. If there
// is nothing, the writing goroutine must end.
func (c *conn) next() (load, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.drained.Broadcast() // for awaitDrained and reply
	c.count(-c.leaving)
	c.leaving = 0
	switch {
	case len(c.ahead) > 0 && (len(c.queue) == 0 || !c.queue[0].remainder):
		one := load{bytes: newBuffer()}
		*one.bytes, c.ahead = append(*one.bytes, c.ahead...), c.ahead[:0]
		return one, true
	case len(c.queue) > 0:
		one := c.queue[0]
		c.queue[0] = load{}
		c.queue = c.queue[1:]
		c.leaving = one.size()
		return one, true
	case c.lower != nil && !c.closed && !c.last && c.lower.unsent():
		c.last = c.closing
		return load{bytes: newBuffer()}, true // writeAll writes what is encrypted
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
