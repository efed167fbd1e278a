package netnode

import (
	"fmt"
	"time"

	"chandy/internal/core"
	"chandy/wire"
)

// batchFrames is the largest number of frames that a reader hands over at once.
const batchFrames = 128

// readDialled reads from a connection that this node opened.
func (c *conn) readDialled() {
	c.reader.SetLimit(wire.AnswerMax)
	c.read()
}

// readAccepted reads from a connection from outside: a hello first, within
// core.HelloTimeout, and everything else once the core has accepted it. The caller must
// have taken a place for the early connection.
func (c *conn) readAccepted(p *place) {
	if c.admit(p) {
		c.read()
	}
}

// admit reads the hello, and waits until the core has decided about it. It reports whether
// the core has received an event of the connection. Its stack frame is large, so it must have
// returned when the connection is idle: see wire's Reader.await.
func (c *conn) admit(p *place) bool {
	began := time.Now()
	hello, peer, err := c.greet(began.Add(core.HelloTimeout))
	c.node.conns.early.remove(p)
	if err != nil {
		c.node.strange.Warn().Err(err).Str("remote", c.socket.RemoteAddr().String()).Msg("connection closed")
		c.finish()
		return false
	}
	if hello.Role == wire.RoleControl {
		c.becomeClients()
	}
	c.node.post(core.Accepted{
		Conn: c.id, Remote: c.socket.RemoteAddr().String(), Hello: hello, Waited: time.Since(began),
		Identity: core.Identity{Process: peer.Process, Role: peer.Role, Name: peer.Name},
	})
	select {
	case <-c.mayRead:
	case <-c.done: // refused, or ended before the core decided: then read reports it
	}
	return true
}

func (c *conn) readHello() (wire.Hello, error) {
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

// read hands over frames until the connection ends, and reports the end. It must be called
// for every connection of which the core has received an event: what the core counts for a
// connection ends with Closed.
func (c *conn) read() {
	for {
		if c.client {
			c.awaitDrained()
		}
		frames, err := c.readBatch()
		if len(frames) > 0 {
			c.node.post(core.Arrived{Conn: c.id, Frames: frames})
			clear(frames)
		}
		c.reads = 0
		c.requestsTaken()
		if err != nil {
			c.node.post(core.Closed{Conn: c.id, Err: explainAlert(c.because(err))})
			c.finish()
			return
		}
	}
}

// awaitDrained prevents a client that does not read its replies from asking for more.
func (c *conn) awaitDrained() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.full() && !c.closed {
		c.drained.Wait()
	}
}

// readBatch waits for a frame, and adds the whole frames behind it that have arrived. The
// memory of the frames is valid until the next call.
func (c *conn) readBatch() ([]wire.Frame, error) {
	c.batch = c.batch[:0]
	most := batchFrames
	if c.client { // the replies to one request are queued before the next is read
		most = 1
	}
	for len(c.batch) < most {
		f, err := c.reader.Read()
		if err != nil {
			return c.batch, err
		}
		if _, ok := f.(wire.Welcome); ok {
			c.welcomed()
		}
		c.batch = append(c.batch, f)
		if c.reader.Buffered() == 0 {
			break
		}
	}
	return c.batch, nil
}
