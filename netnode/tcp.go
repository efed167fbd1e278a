package netnode

import (
	"context"
	"net"
	"syscall"
)

// Network connects nodes and clients: [TCP], a [Loopback], or a network of a test. Its
// methods must be safe for concurrent use. Addresses are those of the cluster, or
// Options.Listen.
type Network interface {
	// Listen returns a listener on an address.
	Listen(address string) (net.Listener, error)
	// Dial connects to a process at an address. It must return once ctx is done.
	Dial(ctx context.Context, address string) (net.Conn, error)
}

// TCP is the network of the operating system. On Linux the kernel ends a connection whose
// peer acknowledges nothing for as long as a node tolerates silence.
type TCP struct{}

// unsentMax is about how many bytes the kernel takes of a connection beyond those that it
// has sent (TCP_NOTSENT_LOWAT, tcp(7)). Markers cannot overtake what it has taken. With 64
// KiB a channel carries two thirds of the messages of 1 KiB that it carries with 256 KiB, and
// half of those of 16 KiB (chandy bench --only channel, in turns). On a slow connection
// unsentSlow takes its place.
const (
	unsentMax  = 256 << 10
	unsentSlow = 16 << 10
)

// limitUnsent sets how many bytes the kernel takes beyond those that it has sent. An error
// leaves it at that.
func limitUnsent(socket net.Conn, bytes int) {
	if s, ok := socket.(syscall.Conn); ok && unsentOption != 0 {
		if raw, err := s.SyscallConn(); err == nil {
			setOption(raw, unsentOption, bytes)
		}
	}
}

// Listen listens on a TCP address.
func (TCP) Listen(address string) (net.Listener, error) {
	l := net.ListenConfig{Control: setOptions}
	return l.Listen(context.Background(), "tcp", address)
}

// Dial connects to a TCP address.
func (TCP) Dial(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{Control: setOptions}
	return d.DialContext(ctx, "tcp", address)
}

func setOptions(_, _ string, c syscall.RawConn) error {
	for option, value := range tcpOptions {
		if err := setOption(c, option, value); err != nil {
			return err
		}
	}
	return nil
}

// setOption sets an option of a TCP connection.
func setOption(c syscall.RawConn, option, value int) error {
	var err error
	failed := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, option, value) })
	if failed != nil {
		return failed
	}
	return err
}
