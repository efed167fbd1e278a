package clustertest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"chandy/netnode"
)

// Memory is a network in memory, whose connections are pipes without a buffer. Unlike
// sockets it may be used inside a synctest bubble. The zero Memory is ready.
type Memory struct {
	mu        sync.Mutex
	listeners map[string]*memListener
	conns     []*memConn
	rates     map[[2]string]int // see Throttle
}

// From returns the network as the node at an address sees it.
func (n *Memory) From(address string) netnode.Network { return memView{n, address} }

type memView struct {
	*Memory
	address string
}

type memListener struct {
	network *Memory
	address string
	queue   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

type memAddr string

func (memAddr) Network() string  { return "memory" }
func (a memAddr) String() string { return string(a) }

type memConn struct {
	net.Conn
	network  *Memory
	from, to string
	closed   chan struct{}
	once     sync.Once
	// gate, if non-nil, holds back what is read and written until it is closed.
	gate atomic.Pointer[chan struct{}]
	// swallows is set when everything that is read or written is lost, as on a
	// connection whose other end has vanished.
	swallows atomic.Bool
}

func (c *memConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		c.pass()
		if err != nil || !c.swallows.Load() {
			return n, err
		}
	}
}

// pass waits until the gate is open.
func (c *memConn) pass() {
	if gate := c.gate.Load(); gate != nil {
		select {
		case <-*gate:
		case <-c.closed:
		}
	}
}

func (c *memConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.network.conns = slices.DeleteFunc(c.network.conns, func(one *memConn) bool { return one == c })
	return c.Conn.Close()
}

func (c *memConn) Write(b []byte) (int, error) {
	c.pass()
	if c.swallows.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// each calls f for the connections that were dialled so far from one address to
// another.
func (n *Memory) each(from, to string, f func(c *memConn)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		if c.from == from && c.to == to {
			f(c)
		}
	}
}

// Swallow loses everything on the connections that were dialled so far.
func (n *Memory) Swallow(from, to string) {
	n.each(from, to, func(c *memConn) { c.swallows.Store(true) })
}

// Stall holds back everything on the connections that were dialled so far, until
// release is called.
func (n *Memory) Stall(from, to string) (release func()) {
	gate := make(chan struct{})
	n.each(from, to, func(c *memConn) { c.gate.Store(&gate) })
	return func() { close(gate) }
}

// Cut ends the connections that were dialled so far.
func (n *Memory) Cut(from, to string) { n.each(from, to, func(c *memConn) { c.Conn.Close() }) }

func (c *memConn) RemoteAddr() net.Addr { return memAddr(c.from) }

func (v memView) Listen(address string) (net.Listener, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.listeners[address] != nil {
		return nil, fmt.Errorf("listen %s: %w", address, syscall.EADDRINUSE)
	}
	l := &memListener{network: v.Memory, address: address, queue: make(chan net.Conn), closed: make(chan struct{})}
	if v.listeners == nil {
		v.listeners = map[string]*memListener{}
	}
	v.listeners[address] = l
	return l, nil
}

func (v memView) Dial(ctx context.Context, address string) (net.Conn, error) {
	v.mu.Lock()
	l := v.listeners[address]
	v.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("dial %s: %w", address, syscall.ECONNREFUSED)
	}
	here, there := net.Pipe()
	v.mu.Lock()
	if rate := v.rates[[2]string{v.address, address}]; rate > 0 {
		here, there = newThrottled(here, rate), newThrottled(there, rate)
	}
	v.mu.Unlock()
	select {
	case l.queue <- v.conn(there, address):
		c := v.conn(here, address)
		v.mu.Lock()
		v.conns = append(v.conns, c)
		v.mu.Unlock()
		return c, nil
	case <-l.closed:
		return nil, fmt.Errorf("dial %s: %w", address, syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (v memView) conn(end net.Conn, to string) *memConn {
	return &memConn{Conn: end, network: v.Memory, from: v.address, to: to, closed: make(chan struct{})}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Addr() net.Addr { return memAddr(l.address) }

func (l *memListener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, l.address)
	})
	return nil
}
