package netnode

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"chandy/internal/core"
)

// connections are the connections that a node has. They are safe for concurrent use.
type connections struct {
	mu       sync.Mutex
	byID     map[core.ConnID]*conn
	accepted core.ConnID // how many were accepted, negative
	ended    bool        // no further connection is added
	early    []*conn     // from outside and without a hello yet, the oldest first
}

// earlyMax is how many connections may exist that have not said hello. One more ends
// the oldest of them: an honest peer says hello at once, and a silent one must not keep
// others out.
const earlyMax = 256

// add reports whether the connection may be used. If not, the node has ended.
func (k *connections) add(c *conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.ended {
		k.byID[c.id] = c
	}
	return !k.ended
}

// nextAccepted returns the id of the next connection from outside.
func (k *connections) nextAccepted() core.ConnID {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.accepted--
	return k.accepted
}

// get returns a connection, or nil if it has ended.
func (k *connections) get(id core.ConnID) *conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.byID[id]
}

func (k *connections) remove(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.byID, c.id)
}

// addEarly adds a connection that has not said hello.
func (k *connections) addEarly(c *conn) {
	k.mu.Lock()
	var oldest *conn
	if k.early = append(k.early, c); len(k.early) > earlyMax {
		oldest = k.early[0]
		k.early = slices.Delete(k.early, 0, 1)
	}
	k.mu.Unlock()
	if oldest != nil {
		oldest.close(false)
	}
}

func (k *connections) removeEarly(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.early = slices.DeleteFunc(k.early, func(other *conn) bool { return other == c })
}

// closeAll ends all connections. With flush, frames that are queued are written first.
func (k *connections) closeAll(flush bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
	for _, c := range k.byID {
		c.close(flush)
	}
}

// dialTimeout is how long an attempt to connect may take.
const dialTimeout = 2 * time.Second

func (n *Node) dial(e core.Dial) {
	ctx, cancel := context.WithTimeout(n.stop, dialTimeout)
	defer cancel()
	socket, err := n.network.Dial(ctx, e.Address)
	if err != nil {
		n.post(core.Dialled{Conn: e.Conn, Err: err})
		return
	}
	c := newConn(n, e.Conn, socket)
	if !n.conns.add(c) {
		socket.Close()
		return
	}
	n.post(core.Dialled{Conn: e.Conn})
	n.work.Go(c.readDialled)
}

// accept takes connections from outside until the node stops.
func (n *Node) accept() {
	for {
		socket, err := n.listener.Accept()
		if err != nil {
			if n.stop.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			n.strange.Warn().Err(err).Msg("cannot accept a connection")
			select { // the system may be out of file descriptors
			case <-time.After(50 * time.Millisecond):
			case <-n.stop.Done():
				return
			}
			continue
		}
		c := newConn(n, n.conns.nextAccepted(), socket)
		if !n.conns.add(c) {
			socket.Close()
			return
		}
		n.conns.addEarly(c)
		n.work.Go(c.readAccepted)
	}
}
