package netnode

import (
	"net"
	"slices"
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

// early are the early connections of a node. It is safe for concurrent use.
type early struct {
	mu     sync.Mutex
	byHost map[string][]*place // the oldest first; without hosts that have none
	all    int
}

// place is the place of one early connection.
type place struct {
	host   string
	socket net.Conn
}

// add takes a place for a connection from a host. It reports whether there is room for it.
// When all places are taken, and another host has more of them than this one would have, the
// oldest of that host must go: the caller must turn it away. So a host that takes many
// places keeps nobody from other hosts out.
func (e *early) add(host string, socket net.Conn) (p, mustGo *place, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	own := len(e.byHost[host])
	if own >= earlyHostMax {
		return nil, nil, false
	}
	if e.all >= earlyMax {
		most := ""
		for one, places := range e.byHost {
			if len(places) > len(e.byHost[most]) {
				most = one
			}
		}
		if len(e.byHost[most]) <= own+1 {
			return nil, nil, false
		}
		mustGo = e.byHost[most][0]
		e.drop(mustGo)
	}
	if e.byHost == nil {
		e.byHost = map[string][]*place{}
	}
	p = &place{host, socket}
	e.byHost[host] = append(e.byHost[host], p)
	e.all++
	return p, mustGo, true
}

// remove takes back an add, unless the place had to go already. The connection has ended, or
// its hello has been read.
func (e *early) remove(p *place) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.drop(p)
}

// drop is remove for a caller that holds mu.
func (e *early) drop(p *place) {
	places := e.byHost[p.host]
	i := slices.Index(places, p)
	if i < 0 {
		return
	}
	e.all--
	if e.byHost[p.host] = slices.Delete(places, i, i+1); len(places) == 1 {
		delete(e.byHost, p.host)
	}
}

// hostOf returns the address of the peer without its port.
func hostOf(socket net.Conn) string {
	address := socket.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// turnAway refuses an early connection for which there is no room, with one write that does
// not wait. It is called by accept, which must not wait for a stranger.
func (n *Node) turnAway(socket net.Conn) {
	defer socket.Close()
	refuse := wire.Refuse{Code: wire.Busy, Text: "too many connections have not said hello yet: try again"}
	if n.security == nil { // a handshake would take time: with TLS the peer takes the end of the connection for busy
		rawconn.New(socket).TryWrite([][]byte{wire.Append(nil, refuse)})
	}
	n.full.Warn().Str("remote", socket.RemoteAddr().String()).Str("code", refuse.Code).Msg("connection refused: " + refuse.Text)
}
