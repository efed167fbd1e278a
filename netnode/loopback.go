package netnode

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// Loopback is a [Network] for nodes in one operating-system process, such as those of a
// test: TCP on 127.0.0.1, with a free port for each address of the cluster. So several
// clusters with the same addresses can run at once. All nodes and clients of a cluster
// must share one Loopback. The zero Loopback is ready to use, and a Loopback is safe for
// concurrent use.
//
// Options.Listen must stay empty, because peers dial the address in the cluster. A
// Loopback remembers the port of a node that has ended. If the port has a new owner, the
// hello of the next connection fails.
type Loopback struct {
	mu sync.Mutex
	at map[string]string
}

// Listen listens on a free port of 127.0.0.1, which Dial uses for the address from now on.
func (l *Loopback) Listen(address string) (net.Listener, error) {
	listener, err := TCP{}.Listen("127.0.0.1:0")
	if err == nil {
		l.Set(address, listener.Addr().String())
	}
	return listener, err
}

// Set maps an address of the cluster to a real one, host:port: the address of a node in
// another operating-system process, or of a proxy.
func (l *Loopback) Set(address, real string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = map[string]string{}
	}
	l.at[address] = real
}

// Dial connects to the real address of an address of the cluster. The connection is refused
// if neither Listen nor Set was called for it.
func (l *Loopback) Dial(ctx context.Context, address string) (net.Conn, error) {
	l.mu.Lock()
	real, ok := l.at[address]
	l.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("dial %s: %w", address, syscall.ECONNREFUSED)
	}
	return TCP{}.Dial(ctx, real)
}
