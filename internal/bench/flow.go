package bench

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// flow is what keeps every channel of a skeleton full of messages, and how markers
// get past them. There is always another message to write: a sender waits for the
// kernel to take more, or for credit, and for nothing else.
type flow struct {
	// own: markers have a connection of their own, with nothing before them. Else
	// they go ahead of what is not written yet.
	own bool
	// window is how many bytes may be on the way, which the receiver acknowledges
	// after every quarter; 0: as many as the kernel takes.
	window int
	// SO_SNDBUF, SO_RCVBUF and TCP_NOTSENT_LOWAT, in bytes; 0: the system's default
	send, receive, unsent int
}

const (
	flowMessage = 1 << 10
	// flowBatch bounds one write, in bytes. A marker waits for one at least.
	flowBatch = 16 << 10
	// tcpNotSentLowat is TCP_NOTSENT_LOWAT of Linux (tcp(7)), which package syscall
	// does not have.
	tcpNotSentLowat = 25
)

// batch is the messages of one write, as receive reads them.
func (f *flow) batch() []byte {
	size := flowBatch
	if f.window > 0 {
		size = min(size, f.window/4)
	}
	var b []byte
	for range size / flowMessage {
		b = append(binary.AppendUvarint(b, flowMessage), make([]byte, flowMessage)...)
	}
	return b
}

// options sets those of a socket before it is bound or connected.
type options func(network, address string, c syscall.RawConn) error

// options are those of the sockets of a flow.
func (f *flow) options(_, _ string, c syscall.RawConn) error {
	var err error
	set := func(fd uintptr, level, option, value int) {
		if value != 0 && err == nil {
			err = syscall.SetsockoptInt(int(fd), level, option, value)
		}
	}
	wrong := c.Control(func(fd uintptr) {
		set(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, f.send)
		set(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, f.receive)
		set(fd, syscall.IPPROTO_TCP, tcpNotSentLowat, f.unsent)
	})
	if wrong != nil {
		return wrong
	}
	return err
}

// lane is one channel of a skeleton with a flow.
type lane struct {
	conn  net.Conn // of the sender
	batch []byte
	limit int // bytes on the way; 0: none

	carried atomic.Int64 // bytes that were received

	mu      sync.Mutex
	changed *sync.Cond // with mu
	ahead   []byte     // markers
	sent    int
	arrived int // of sent, as far as it was acknowledged
	closed  bool
}

func newLane(f *flow) *lane {
	l := &lane{batch: f.batch(), limit: f.window}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// connectLane connects a lane to a process; its writeLoop has yet to begin.
func (s *skeleton) connectLane(ctx context.Context, to *bare) (*lane, error) {
	l := newLane(s.flow)
	lc := net.ListenConfig{Control: s.flow.options}
	door, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer door.Close()
	near, err := s.connect(ctx, door, s.flow.options, func(far net.Conn) error { return l.read(far, to) })
	if err != nil {
		return nil, err
	}
	l.conn = near
	s.lanes = append(s.lanes, l)
	s.work.Go(l.readCredit)
	return l, nil
}

// Write puts a marker ahead of the messages. It does not wait.
func (l *lane) Write(marker []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ahead = append(binary.AppendUvarint(l.ahead, uint64(len(marker))), marker...)
	l.changed.Signal()
	return len(marker), nil
}

func (l *lane) writeLoop() {
	for {
		b := l.next()
		if b == nil {
			return
		}
		if _, err := l.conn.Write(b); err != nil {
			return
		}
	}
}

// next waits for what may be written: markers, or else messages within the window.
// It gives nil when the lane is closed.
func (l *lane) next() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.closed && len(l.ahead) == 0 && l.limit > 0 && l.sent-l.arrived+len(l.batch) > l.limit {
		l.changed.Wait()
	}
	switch {
	case l.closed:
		return nil
	case len(l.ahead) > 0:
		markers := l.ahead
		l.ahead = nil
		return markers
	}
	l.sent += len(l.batch)
	return l.batch
}

// read is the receiver: it takes markers and acknowledges messages.
func (l *lane) read(conn net.Conn, to *bare) error {
	arrived, told := 0, 0
	return receive(conn, func(payload []byte) {
		if len(payload) == bareMarker {
			to.takeMarker()
			return
		}
		arrived += frameLength(len(payload))
		l.carried.Store(int64(arrived))
		if l.limit > 0 && arrived-told >= l.limit/4 {
			conn.Write(binary.BigEndian.AppendUint64(nil, uint64(arrived)))
			told = arrived
		}
	})
}

// frameLength is how long a message of n bytes is on a stream.
func frameLength(n int) int { return len(binary.AppendUvarint(nil, uint64(n))) + n }

func (l *lane) readCredit() {
	credit := make([]byte, 8)
	for {
		if _, err := io.ReadFull(l.conn, credit); err != nil {
			return
		}
		l.credit(int(binary.BigEndian.Uint64(credit)))
	}
}

func (l *lane) credit(arrived int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrived = arrived
	l.changed.Signal()
}

// close ends the writer; the connection must be closed too.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.changed.Signal()
}
