package netnode_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"

	"chandy/internal/bundled"
	"chandy/internal/clustertest"
	"chandy/netnode"
	"chandy/wire"
)

// proxy is TCP on loopback whose connections break at will. Each connection that a node
// dials goes through a relay in this process. Those of "client" do not.
type proxy struct {
	t        *testing.T
	tcp      *netnode.Loopback
	entrance net.Listener // to which the dialling ends of the relays connect
	pumps    sync.WaitGroup

	mu     sync.Mutex // guards the fields below
	random *rand.Rand
	open   []*relay
	opened map[route]int
	change chan struct{} // closed when a relay is opened or becomes busy
	ended  bool
}

// route is the way of a connection, as addresses of the cluster file.
type route struct{ from, to string }

// direction is one of the two ways through a relay.
type direction int

const (
	forth direction = iota // from the end that dialled: hello, messages, markers, parts
	back                   // to that end: welcome, acknowledgements, outcomes
)

// relay is one connection. Ends[forth] is the socket to the node that dialled, from which
// the bytes that go forth are read. Ends[back] is the socket to the node that accepted.
type relay struct {
	proxy *proxy
	route
	ends [2]*net.TCPConn

	mu      sync.Mutex // guards the fields below
	role    wire.Role  // in the hello
	carried [2]int     // chunks
	faulty  bool
	// fault alters a chunk. Nothing more passes in this direction if on is false.
	fault [2]func(chunk []byte) (pass []byte, on bool)
	held  chan struct{} // if non-nil, holds back what goes forth until it is closed
	// takes, if non-nil, is closed when something is held back.
	takes chan struct{}
}

// newProxy returns a proxy. When the test ends, every relay is reset.
func newProxy(t *testing.T) *proxy {
	t.Helper()
	entrance, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{
		t: t, tcp: &netnode.Loopback{}, entrance: entrance,
		random: clustertest.Rand(t), opened: map[route]int{}, change: make(chan struct{}),
	}
	t.Cleanup(func() {
		p.mu.Lock()
		p.ended = true
		open := slices.Clone(p.open)
		p.mu.Unlock()
		for _, r := range open {
			r.release()
			r.reset()
		}
		entrance.Close()
		p.pumps.Wait()
	})
	return p
}

// cluster returns a cluster on the proxy.
func (p *proxy) cluster(text string) *clustertest.Cluster {
	return clustertest.New(p.t, text, clustertest.Options{Program: bundled.New, Network: p.from})
}

// from returns the network as the node at an address sees it.
func (p *proxy) from(address string) netnode.Network {
	if address == "client" {
		return p.tcp
	}
	return proxied{p, address}
}

type proxied struct {
	*proxy
	address string
}

func (v proxied) Listen(address string) (net.Listener, error) { return v.tcp.Listen(address) }

func (v proxied) Dial(ctx context.Context, address string) (net.Conn, error) {
	far, err := v.tcp.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended {
		far.Close()
		return nil, net.ErrClosed
	}
	dialled, err := net.Dial("tcp", v.entrance.Addr().String())
	if err != nil {
		far.Close()
		return nil, err
	}
	near, err := v.entrance.Accept()
	if err != nil {
		far.Close()
		dialled.Close()
		return nil, err
	}
	r := &relay{proxy: v.proxy, route: route{v.address, address}, ends: [2]*net.TCPConn{near.(*net.TCPConn), far.(*net.TCPConn)}}
	v.open = append(v.open, r)
	v.opened[r.route]++
	v.changed()
	v.pumps.Go(func() {
		var both sync.WaitGroup
		both.Go(func() { r.pump(forth) })
		both.Go(func() { r.pump(back) })
		both.Wait()
		v.forget(r)
	})
	return dialled, nil
}

// changed wakes the tests that wait for a connection. The caller must hold mu.
func (p *proxy) changed() {
	close(p.change)
	p.change = make(chan struct{})
}

func (p *proxy) forget(r *relay) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = slices.DeleteFunc(p.open, func(one *relay) bool { return one == r })
}

// count returns how many connections were opened on a route.
func (p *proxy) count(r route) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened[r]
}

// await waits for the n-th connection on a route, or a later one. With busy it also waits
// until the end that dialled has read the welcome.
func (p *proxy) await(ctx context.Context, on route, n int, busy bool) *relay {
	p.t.Helper()
	for {
		p.mu.Lock()
		change := p.change
		if p.opened[on] >= n {
			for _, r := range p.open {
				if r.route == on && (!busy || r.busy()) {
					p.mu.Unlock()
					return r
				}
			}
		}
		p.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
			p.t.Fatalf("connections on %v: got %d, want %d: %v", on, p.count(on), n, context.Cause(ctx))
		}
	}
}

// any returns a random busy connection in a role, or nil.
func (p *proxy) any(role wire.Role) *relay {
	p.mu.Lock()
	defer p.mu.Unlock()
	var busy []*relay
	for _, r := range p.open {
		if r.busy() && r.role == role {
			busy = append(busy, r)
		}
	}
	if len(busy) == 0 {
		return nil
	}
	return busy[p.random.IntN(len(busy))]
}

// intn returns a random number below n.
func (p *proxy) intn(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.random.IntN(n)
}

func (r *relay) String() string { return fmt.Sprintf("%s->%s", r.from, r.to) }

// busy reports whether the end that dialled has read the welcome and no fault was planted
// in the connection yet. That end writes nothing between its hello and the welcome, so a
// second chunk from it is the proof. A welcome that has only passed the proxy can still
// be lost, in a socket that is reset before it is read.
func (r *relay) busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.carried[forth] > 1 && r.carried[back] > 0 && !r.faulty
}

// pump carries one direction until either end is closed.
func (r *relay) pump(d direction) {
	source, sink := r.ends[d], r.ends[1-d]
	defer source.Close()
	defer sink.CloseWrite() // what was read before the end is still delivered
	buf := make([]byte, 32<<10)
	for {
		n, err := source.Read(buf)
		pass, on := buf[:n], err == nil
		r.mu.Lock()
		if d == forth && r.carried[d] == 0 {
			if f, err := wire.NewReader(bytes.NewReader(pass), wire.HelloMax).Read(); err == nil {
				r.role = f.(wire.Hello).Role
			}
		}
		if fault := r.fault[d]; fault != nil && n > 0 {
			pass, on = fault(pass)
		}
		if len(pass) > 0 {
			r.carried[d]++
		}
		changed := r.carried[forth] == 2 || r.carried[back] == 1
		var held chan struct{}
		if d == forth && n > 0 && r.held != nil {
			held = r.held
			if r.takes != nil {
				close(r.takes)
				r.takes = nil
			}
		}
		r.mu.Unlock()
		if held != nil {
			<-held
		}
		if len(pass) > 0 {
			if _, failed := sink.Write(pass); failed != nil {
				return
			}
		}
		if !on {
			return
		}
		if changed {
			r.proxy.mu.Lock()
			r.proxy.changed()
			r.proxy.mu.Unlock()
		}
	}
}

// spoil plants a fault.
func (r *relay) spoil(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faulty = true
	f()
}

// reset ends both halves as a crash does, which loses the bytes on the way.
func (r *relay) reset() {
	r.spoil(func() {
		for _, end := range r.ends {
			end.SetLinger(0)
			end.Close()
		}
	})
}

// cut ends the connection in the middle of the next chunk.
func (r *relay) cut(d direction) {
	r.spoil(func() {
		r.fault[d] = func(chunk []byte) ([]byte, bool) { return chunk[:r.proxy.intn(len(chunk))], false }
	})
}

// flip inverts one bit of the next chunk.
func (r *relay) flip(d direction) {
	r.spoil(func() {
		r.fault[d] = func(chunk []byte) ([]byte, bool) {
			chunk[r.proxy.intn(len(chunk))] ^= 1 << r.proxy.intn(8)
			r.fault[d] = nil
			return chunk, true
		}
	})
}

// halfClose ends one direction and leaves the other one open.
func (r *relay) halfClose(d direction) {
	r.spoil(func() {
		r.ends[1-d].CloseWrite()
		r.fault[d] = func([]byte) ([]byte, bool) { return nil, true }
	})
}

// late holds back the next chunk, and then breaks the connection for the end that dialled.
// The other end sees nothing of that, and receives the chunk when release is called.
func (r *relay) late(ctx context.Context) {
	takes := make(chan struct{})
	r.spoil(func() {
		r.held, r.takes = make(chan struct{}), takes
	})
	select {
	case <-takes:
	case <-ctx.Done():
	}
	r.spoil(func() { r.fault[back] = func([]byte) ([]byte, bool) { return nil, true } })
	r.ends[forth].SetLinger(0)
	r.ends[forth].Close()
}

func (r *relay) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held != nil {
		close(r.held)
		r.held = nil
	}
}

// hold holds back what goes forth until release is called.
func (r *relay) hold() {
	r.spoil(func() { r.held = make(chan struct{}) })
}
