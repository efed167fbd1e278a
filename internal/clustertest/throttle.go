package clustertest

import (
	"net"
	"os"
	"sync"
	"time"
)

// Throttle makes connections that are dialled from now on slow, in both directions. The
// rate is in bytes a second.
func (n *Memory) Throttle(from, to string, rate int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.rates == nil {
		n.rates = map[[2]string]int{}
	}
	n.rates[[2]string{from, to}] = rate
}

// throttled is a connection that carries a number of bytes a second, and takes up to 64 KiB
// of them in advance, as the kernel does. Close loses those. One goroutine may write.
type throttled struct {
	net.Conn
	rate     int
	queue    chan []byte
	deadline time.Time // of writes
	closed   chan struct{}
	once     sync.Once
}

// throttledPiece is what a throttled connection carries at once, in bytes.
const throttledPiece = 1 << 10

func newThrottled(c net.Conn, rate int) *throttled {
	t := &throttled{Conn: c, rate: rate, queue: make(chan []byte, 64), closed: make(chan struct{})}
	go t.carry()
	return t
}

func (t *throttled) carry() {
	for {
		select {
		case piece := <-t.queue:
			select {
			case <-time.After(time.Duration(len(piece)) * time.Second / time.Duration(t.rate)):
			case <-t.closed:
				return
			}
			if _, err := t.Conn.Write(piece); err != nil {
				return
			}
		case <-t.closed:
			return
		}
	}
}

func (t *throttled) Write(b []byte) (n int, err error) {
	expired := make(<-chan time.Time)
	if !t.deadline.IsZero() {
		timer := time.NewTimer(time.Until(t.deadline))
		defer timer.Stop()
		expired = timer.C
	}
	for n < len(b) {
		piece := append([]byte(nil), b[n:min(len(b), n+throttledPiece)]...)
		select {
		case t.queue <- piece:
			n += len(piece)
		case <-expired:
			return n, os.ErrDeadlineExceeded
		case <-t.closed:
			return n, net.ErrClosed
		}
	}
	return n, nil
}

func (t *throttled) SetWriteDeadline(at time.Time) error {
	t.deadline = at
	return nil
}

func (t *throttled) Close() error {
	t.once.Do(func() { close(t.closed) })
	return t.Conn.Close()
}
