package command

import (
	"chandy/internal/clustertest"
	"context"
	"net"
	"sync"
	"time"
)

// relay carries the connections that one node dials to another one, and can disturb them.
type relay struct {
	ctx      context.Context
	listener net.Listener
	to       string // address of the other node
	pumps    sync.WaitGroup

	mu    sync.Mutex // guards the fields below
	ends  map[*net.TCPConn]bool
	gate  [2]chan struct{} // if non-nil, a direction stands still until it is closed
	delay [2]time.Duration // of each chunk in a direction
}

// direction is one of the two ways through a relay.
type direction int

const (
	forth direction = iota // from the node that dials
	back
)

// newRelay listens on an address of its own. It ends with ctx.
func newRelay(ctx context.Context, to string) *relay {
	l := clustertest.FreeListener()
	r := &relay{ctx: ctx, listener: l, to: to, ends: map[*net.TCPConn]bool{}}
	context.AfterFunc(ctx, func() {
		l.Close()
		r.cut()
	})
	r.pumps.Go(r.accept)
	return r
}

func (r *relay) accept() {
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.pumps.Go(func() {
			defer near.Close()
			far, err := net.Dial("tcp", r.to)
			if err != nil {
				near.(*net.TCPConn).SetLinger(0)
				return
			}
			defer far.Close()
			r.carry(near.(*net.TCPConn), far.(*net.TCPConn))
		})
	}
}

// carry returns when both directions have ended.
func (r *relay) carry(near, far *net.TCPConn) {
	r.mu.Lock()
	r.ends[near], r.ends[far] = true, true
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.ends, near)
		delete(r.ends, far)
	}()
	if r.ctx.Err() != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { r.pump(forth, near, far) })
	both.Go(func() { r.pump(back, far, near) })
	both.Wait()
}

func (r *relay) pump(d direction, source, sink *net.TCPConn) {
	defer source.CloseRead()
	defer sink.CloseWrite() // what was read before the end is still delivered
	buf := make([]byte, 32<<10)
	for {
		n, err := source.Read(buf)
		if n > 0 {
			r.wait(d)
			if _, failed := sink.Write(buf[:n]); failed != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait waits until a chunk may pass.
func (r *relay) wait(d direction) {
	r.mu.Lock()
	gate, delay := r.gate[d], r.delay[d]
	r.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-r.ctx.Done():
		}
	}
	pause(r.ctx, delay)
}

// cut resets all connections, which loses the bytes on the way.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for end := range r.ends {
		end.SetLinger(0)
		end.Close()
	}
}

// stall stops a direction for a while. Nothing is lost.
func (r *relay) stall(ctx context.Context, d direction, how time.Duration) {
	gate := make(chan struct{})
	r.set(func() { r.gate[d] = gate })
	pause(ctx, how)
	close(gate)
	r.set(func() { r.gate[d] = nil })
}

// slow delays each chunk in a direction for a while.
func (r *relay) slow(ctx context.Context, d direction, delay, how time.Duration) {
	r.set(func() { r.delay[d] = delay })
	pause(ctx, how)
	r.set(func() { r.delay[d] = 0 })
}

func (r *relay) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// pause waits, at most until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
