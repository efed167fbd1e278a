package netnode

import (
	"time"

	"chandy/internal/core"
)

// A request of a client may have 16 MiB, and there may be many clients. So a node reads at
// most largeSlots large requests at once. Their bytes are bounded together, and all others
// wait in their clients and in the kernel.
const (
	largeMin   = 64 << 10 // bytes of a request beyond which it is large
	largeSlots = 4
	largeShare = 256 << 20 // bytes of memory (limits.memory) for each slot; there is at least one
)

// becomeClients makes the connection one of a client.
func (c *conn) becomeClients() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client, c.patience = true, clientPatience
	beOfClient(c.socket.Conn)
}

// bytesEvery is how often the core hears of bytes that are no whole frame yet.
const bytesEvery = time.Second

// source is what the reader of a connection reads from: its socket, or the TLS over it. It tells the core of a
// frame that takes long to come. On the connection of a client, which needs no sign of
// life, it waits for a slot before it reads on in a large request.
type source struct{ *conn }

func (s source) Read(b []byte) (int, error) {
	if !s.client {
		n, err := s.readSome(b)
		if s.lower == nil { // otherwise lower does it
			s.tellBytes(n)
		}
		return n, err
	}
	if s.request > largeMin && !s.large {
		select {
		case s.node.large <- struct{}{}:
			s.conn.large = true
		case <-s.done: // the read fails
		}
	}
	n, err := s.readSome(b)
	s.conn.request += n
	return n, err
}

func (c *conn) readSome(b []byte) (int, error) {
	if c.lower != nil {
		return c.lower.read(b)
	}
	return c.socket.Read(b)
}

// tellBytes tells the core of n bytes, unless whole frames tell it soon enough.
func (c *conn) tellBytes(n int) {
	if c.reads++; c.reads == 1 || n == 0 {
		return
	}
	if now := time.Now(); now.Sub(c.told) >= bytesEvery {
		c.told = now
		c.node.post(core.Bytes{Conn: c.id})
	}
}

// requestsTaken must be called when the core has taken the requests that were read.
func (c *conn) requestsTaken() {
	c.request = 0
	if c.large {
		c.large = false
		<-c.node.large
	}
}
