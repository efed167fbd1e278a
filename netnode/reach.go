package netnode

import (
	"context"
	"net"
	"net/netip"
	"time"

	"chandy/internal/config"
)

// reachTimeout is how long a starting node may look up the names of its peers to find out
// whether they are on other hosts.
const reachTimeout = 2 * time.Second

// warnUnreachable warns if the node listens on loopback and a peer is on another host. A
// common cause is a line such as "127.0.1.1 myhost" in /etc/hosts: the name of the machine
// then means loopback on that machine, and another address everywhere else.
func (n *Node) warnUnreachable() {
	ctx, cancel := context.WithTimeout(n.stop, reachTimeout)
	defer cancel()
	listens := n.listener.Addr().String()
	peer, found := peerElsewhere(ctx, n.options, listens)
	if !found || n.stop.Err() != nil {
		return
	}
	_, port, _ := net.SplitHostPort(listens)
	n.log.Warn().Str("address", listens).Str("peer", string(peer.ID)).Str("peer_address", peer.Address).
		Msg("listens on " + listens + ", which other hosts cannot reach: give --listen 0.0.0.0:" + port + ", and an address that they can dial in the cluster file")
}

// peerElsewhere returns a peer on another host of a node that listens on a loopback
// address. It returns false if there is none, or if Options.Listen asks for the address.
func peerElsewhere(ctx context.Context, o Options, listens string) (peer config.Process, found bool) {
	if o.Listen != "" || !isLoopback(ctx, listens) {
		return peer, false
	}
	for _, p := range o.Cluster.Processes {
		if p.ID != o.ID && !isLoopback(ctx, p.Address) {
			return p, true
		}
	}
	return peer, false
}

// isLoopback reports whether an address is of this host only. A name that does not resolve
// counts as another host.
func isLoopback(ctx context.Context, address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false
	}
	for _, ip := range found {
		if !ip.Unmap().IsLoopback() {
			return false
		}
	}
	return true
}
