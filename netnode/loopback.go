package netnode

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// Loopback is TCP on 127.0.0.1, with ports that the system chooses in place of the
// addresses in a cluster file: nodes of one process, or of a test, get in nobody's
// way. The zero Loopback is ready. It may be used from anywhere.
//
// It knows where each address was last listened on, also when that node has ended and
// the port may be somebody else's: a hello tells. Options.Listen has no place here, as
// others look for the address in the cluster file.
type Loopback struct {
	mu sync.Mutex
	at map[string]string
}

// Listen is for a node. The address is the one in the cluster file.
func (l *Loopback) Listen(address string) (net.Listener, error) {
	listener, err := TCP{}.Listen("127.0.0.1:0")
	if err == nil {
		l.Set(address, listener.Addr().String())
	}
	return listener, err
}

// Set tells where an address of the cluster file really is: of a node of another
// process, or of something in between.
func (l *Loopback) Set(address, real string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = map[string]string{}
	}
	l.at[address] = real
}

// Dial is for a node.
func (l *Loopback) Dial(ctx context.Context, address string) (net.Conn, error) {
	l.mu.Lock()
	real, ok := l.at[address]
	l.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("dial %s: %w", address, syscall.ECONNREFUSED)
	}
	return TCP{}.Dial(ctx, real)
}
