package netnode

import (
	"net"
	"slices"
	"sync"
	"time"

	"chandy/internal/rawconn"
	"chandy/wire"
)

// A connection from outside is early until its hello has been read. Nobody knows yet who
// the peer is, so early connections have limits of their own: a stranger that opens many
// and says nothing must not take all descriptors, and one address must not take all places.
const (
	earlyMax     = 256 // in all
	earlyHostMax = 64  // from one address
	// earlyGrace is how long an early connection has its place for certain, if no address has
	// more places than others. A handshake takes a few round trips.
	earlyGrace = time.Second
	// knownMax is how many hosts of processes a node remembers. It then begins anew.
	knownMax = 4096
)

// early are the early connections of a node. It is safe for concurrent use.
type early struct {
	mu     sync.Mutex
	byHost map[string][]*place // the oldest first; without hosts that have none
	all    int
	known  map[string]bool // hosts from which a process has proved who it is
}

// place is the place of one early connection.
type place struct {
	host   string
	socket net.Conn
	since  time.Time
}

// add takes a place for a connection from a host, now. It reports whether there is room for
// it. When all places are taken, another one may have to go, see crowd: the caller must turn
// it away.
func (e *early) add(host string, socket net.Conn, now time.Time) (p, mustGo *place, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	own := len(e.byHost[host])
	if own >= earlyHostMax {
		return nil, nil, false
	}
	if e.all >= earlyMax {
		if mustGo = e.crowd(host, own+1, now); mustGo == nil {
			return nil, nil, false
		}
		e.drop(mustGo)
	}
	if e.byHost == nil {
		e.byHost = map[string][]*place{}
	}
	p = &place{host, socket, now}
	e.byHost[host] = append(e.byHost[host], p)
	e.all++
	return p, mustGo, true
}

// know notes that a process at a host has proved who it is.
func (e *early) know(host string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known == nil || len(e.known) >= knownMax {
		e.known = map[string]bool{}
	}
	e.known[host] = true
}

// crowd returns the place that must go for one of a host that would then have own places: the
// oldest of the host with most places, if it has more, so that a host that takes many places
// keeps no other host out. Otherwise it is the oldest of all, unless it is younger than
// earlyGrace: many hosts that stall together keep nobody out either. Places of known hosts
// stay then, and a known host gets a place of any age. It returns nil if no place must go.
func (e *early) crowd(host string, own int, now time.Time) *place {
	var most []*place
	var oldest *place
	for one, places := range e.byHost {
		if len(places) > len(most) {
			most = places
		}
		if e.known[one] {
			continue
		}
		if oldest == nil || places[0].since.Before(oldest.since) {
			oldest = places[0]
		}
	}
	switch {
	case len(most) > own:
		return most[0]
	case oldest != nil && (e.known[host] || now.Sub(oldest.since) >= earlyGrace):
		return oldest
	}
	return nil
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
