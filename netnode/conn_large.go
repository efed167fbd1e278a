package netnode

// A request of a client may have 16 MiB, and there may be many clients. So a node reads at
// most largeSlots large requests at once. Their bytes are bounded together, and all others
// wait in their clients and in the kernel.
const (
	largeMin   = 64 << 10 // bytes of a request beyond which it is large
	largeSlots = 4
)

// source is what the reader of a connection reads from: its socket. On the connection of a
// client it waits for a slot before it reads on in a large request.
type source struct{ *conn }

func (s source) Read(b []byte) (int, error) {
	if !s.client {
		return s.socket.Read(b)
	}
	if s.request > largeMin && !s.large {
		select {
		case s.node.large <- struct{}{}:
			s.conn.large = true
		case <-s.done: // the read fails
		}
	}
	n, err := s.socket.Read(b)
	s.conn.request += n
	return n, err
}

// requestsTaken must be called when the core has taken the requests that were read.
func (c *conn) requestsTaken() {
	c.request = 0
	if c.large {
		c.large = false
		<-c.node.large
	}
}
