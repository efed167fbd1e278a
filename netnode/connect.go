package netnode

import (
	"context"
	"errors"
	"maps"
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
	early    early
}

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

// each calls f for every connection.
func (k *connections) each(f func(*conn)) {
	k.mu.Lock()
	all := slices.Collect(maps.Values(k.byID))
	k.mu.Unlock()
	for _, c := range all {
		f(c)
	}
}

func (k *connections) remove(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.byID, c.id)
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
	address := n.addresses.of(e.To, e.Address)
	socket, err := n.network.Dial(ctx, address)
	if err != nil {
		n.addresses.failedDial(e.To, address)
		n.post(core.Dialled{Conn: e.Conn, Err: err})
		return
	}
	n.addresses.connected(e.To)
	c := newConn(n, e.Conn, socket)
	if !n.conns.add(c) {
		socket.Close()
		return
	}
	if err := c.secureDialled(e.To); err != nil {
		c.finish()
		n.post(core.Dialled{Conn: e.Conn, Err: err})
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
		p, mustGo, ok := n.conns.early.add(hostOf(socket), socket, time.Now())
		if !ok {
			n.turnAway(socket)
			continue
		}
		if mustGo != nil {
			n.turnAway(mustGo.socket)
		}
		c := newConn(n, n.conns.nextAccepted(), socket)
		if !n.conns.add(c) {
			socket.Close()
			return
		}
		n.work.Go(func() { c.readAccepted(p) })
	}
}
