package netnode

import (
	"net"
	"sync"

	"chandy/internal/rawconn"
	"chandy/wire"
)

// A connection from outside is early until its hello has been read. Nobody knows yet who
// the peer is, so early connections have limits of their own: a stranger that opens many
// and says nothing must not take all descriptors, and one address must not take all places.
const (
	earlyMax     = 256 // in all
	earlyHostMax = 64  // from one address
)

// early counts the early connections of a node. It is safe for concurrent use.
type early struct {
	mu     sync.Mutex
	byHost map[string]int // without hosts that have none
	all    int
}

// add counts one more connection from a host. It reports whether there is room for it.
func (e *early) add(host string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all >= earlyMax || e.byHost[host] >= earlyHostMax {
		return false
	}
	if e.byHost == nil {
		e.byHost = map[string]int{}
	}
	e.byHost[host]++
	e.all++
	return true
}

// remove takes back an add. The connection has ended, or its hello has been read.
func (e *early) remove(host string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.byHost[host]--; e.byHost[host] == 0 {
		delete(e.byHost, host)
	}
	e.all--
}

// hostOf returns the address of the peer without its port.
func hostOf(socket net.Conn) string {
	address := socket.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// turnAway refuses a connection for which there is no room, with one write that does not
// wait. It is called by accept, which must not wait for a stranger.
func (n *Node) turnAway(socket net.Conn) {
	defer socket.Close()
	refuse := wire.Refuse{Code: wire.Busy, Text: "too many connections have not said hello yet: try again"}
	if n.security == nil { // a handshake would take time: with TLS the peer takes the end of the connection for busy
		rawconn.New(socket).TryWrite([][]byte{wire.Append(nil, refuse)})
	}
	n.full.Warn().Str("remote", socket.RemoteAddr().String()).Str("code", refuse.Code).Msg("connection refused: " + refuse.Text)
}
