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

	"chandy/netnode"
	"chandy/wire"
)

// proxy is TCP on loopback whose connections break at will: what a node dials is
// led through a relay in this process, one for each connection. What "client" dials
// goes straight.
type proxy struct {
	t        *testing.T
	tcp      *netnode.Loopback
	entrance net.Listener // to which the dialling ends of the relays connect
	pumps    sync.WaitGroup

	mu     sync.Mutex // guards the rest
	random *rand.Rand
	open   []*relay
	opened map[route]int
	change chan struct{} // closed when a relay is opened or becomes busy
	ended  bool
}

// route is from where to where a connection leads: addresses of the cluster file.
type route struct{ from, to string }

// direction is a way through a relay.
type direction int

const (
	forth direction = iota // from the end that dialled: hello, messages, markers, parts
	back                   // to it: welcome, acknowledgements, outcomes
)

// relay is one connection. Ends[forth] is the socket from which the bytes that go
// forth are read: that of the node that dialled; ends[back] is that of the other.
type relay struct {
	proxy *proxy
	route
	ends [2]*net.TCPConn

	mu      sync.Mutex // guards the rest
	role    wire.Role  // as the hello says
	carried [2]int     // chunks
	faulty  bool
	// fault alters what comes in a direction; not on: it is the last that passes.
	fault [2]func(chunk []byte) (pass []byte, on bool)
	held  chan struct{} // while not nil: what comes forth is kept until it is closed
	// takes, while not nil, is closed when something is kept.
	takes chan struct{}
}

// newProxy makes a proxy; when the test ends, every relay is reset.
func newProxy(t *testing.T, random *rand.Rand) *proxy {
	t.Helper()
	entrance, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{
		t: t, tcp: &netnode.Loopback{}, entrance: entrance,
		random: random, opened: map[route]int{}, change: make(chan struct{}),
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

// from is the network as the node at an address sees it.
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

// changed wakes those who wait for a connection. It needs the lock.
func (p *proxy) changed() {
	close(p.change)
	p.change = make(chan struct{})
}

func (p *proxy) forget(r *relay) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, one := range p.open {
		if one == r {
			p.open[i] = p.open[len(p.open)-1]
			p.open = p.open[:len(p.open)-1]
			return
		}
	}
}

// count is how many connections were opened from one address to another.
func (p *proxy) count(r route) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened[r]
}

// await waits for a connection on a route, the n-th or a later one. With busy it waits
// until the end that dialled has taken the welcome.
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
			p.t.Fatalf("no connection %v, number %d: %v", on, n, context.Cause(ctx))
		}
	}
}

// any is a random connection in a role that carries something, or nil.
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

// intn is a random number.
func (p *proxy) intn(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.random.IntN(n)
}

func (r *relay) String() string { return fmt.Sprintf("%s->%s", r.from, r.to) }

// busy reports whether the end that dialled has taken the welcome, and nothing was done
// to the connection yet. That end writes nothing between its hello and the welcome, so a
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

// spoil does something to the connection, once.
func (r *relay) spoil(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faulty = true
	f()
}

// reset ends both halves as a crash does: what is on its way is lost.
func (r *relay) reset() {
	r.spoil(func() {
		for _, end := range r.ends {
			end.SetLinger(0)
			end.Close()
		}
	})
}

// cut ends the connection in the middle of what comes next.
func (r *relay) cut(d direction) {
	r.spoil(func() {
		r.fault[d] = func(chunk []byte) ([]byte, bool) { return chunk[:r.proxy.intn(len(chunk))], false }
	})
}

// flip turns one bit of what comes next.
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

// late keeps what comes next, and then breaks the connection for the end that
// dialled only: the other end knows nothing, and release lets it have what was on
// the way.
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

// hold keeps what comes forth until release is called.
func (r *relay) hold() {
	r.spoil(func() { r.held = make(chan struct{}) })
}
