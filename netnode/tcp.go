package netnode

import (
	"context"
	"net"
)

// Network is how a node reaches others: TCP, or what a test puts in its place.
type Network interface {
	Listen(address string) (net.Listener, error)
	Dial(ctx context.Context, address string) (net.Conn, error)
}

// TCP is the real network.
type TCP struct{}

// Listen listens on a TCP address.
func (TCP) Listen(address string) (net.Listener, error) {
	l := net.ListenConfig{Control: setUserTimeout}
	return l.Listen(context.Background(), "tcp", address)
}

// Dial connects to a TCP address.
func (TCP) Dial(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{Control: setUserTimeout}
	return d.DialContext(ctx, "tcp", address)
}
