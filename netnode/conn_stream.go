package netnode

import (
	"net"
	"runtime"

	"chandy/internal/core"
	"chandy/wire"
)

const (
	// repliesMax is how many bytes may be queued for a client before no more is read from it,
	// and the result that is being written waits.
	repliesMax = 256 << 10
	// repliesOfAllMax is the same for all clients together, or repliesShare of the memory of
	// the node. The garbage collector doubles it, and clients of the lowest role can reach it.
	repliesOfAllMax = 8 << 20
	repliesShare    = 128
	// replyBytes is about what a reply takes beside its bytes.
	replyBytes = 128
)

// collectMin is how many bytes of a result make a garbage collection worth while.
const collectMin = 64 << 20

// stream carries out an effect. c is nil if the connection has ended.
func (n *Node) stream(c *conn, e core.Stream) {
	err, written := net.ErrClosed, 0
	if c != nil {
		err = e.Replies(func(r wire.Reply) error {
			written += len(r.Body)
			return c.reply(r)
		})
	}
	n.post(core.Called{F: func() { e.Then(err) }})
	if written >= collectMin {
		// The collector comes by itself only when the heap has doubled, so the next large
		// snapshot would take new memory beside the garbage of this one.
		e = core.Stream{}
		runtime.GC()
	}
}

// reply queues a data reply, once the client has read enough of what was queued before.
func (c *conn) reply(r wire.Reply) error {
	var encoded *[]byte
	if len(r.Body) > 0 {
		encoded = newBuffer()
		*encoded = wire.Append(*encoded, r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.full() && !c.closing {
		c.drained.Wait()
	}
	switch {
	case c.closing:
		return net.ErrClosed
	case encoded == nil:
		return nil
	}
	c.push(load{bytes: encoded})
	if !c.writing {
		c.startWriting()
	}
	return nil
}

// repliesOfAll returns how many bytes may be queued for all clients of a node together.
func repliesOfAll(cluster *Cluster) int64 {
	return int64(min(repliesOfAllMax, cluster.Limits.Memory/repliesShare))
}

// full reports whether the client must read before more is queued for it. The caller must
// hold mu.
func (c *conn) full() bool {
	return c.queued > repliesMax || c.queued > 0 && c.node.replies.Load() > c.node.repliesMax
}

// count adds to the bytes that are queued for a client. It must be called with each change
// of the queue: a sum over the queue would take longer with each reply that a client does not
// read. The caller must hold mu.
func (c *conn) count(bytes int) {
	if c.client {
		c.queued += bytes
		c.node.replies.Add(int64(bytes))
	}
}

// idle reports whether a frame says only that the node lives. Such a frame is not queued,
// because the bytes before it say so too.
func idle(f wire.Frame) bool {
	r, ok := f.(wire.Reply)
	return ok && r.Kind == wire.KindProgress
}
