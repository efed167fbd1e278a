package netnode

import (
	"net"
	"syscall"
)

// beOfClient lets the kernel wait for the other end of a socket as long as a node waits for
// a client. Without it the kernel would end the connection with a client after the time that
// nodes have for each other. An error leaves it at that.
func beOfClient(socket net.Conn) {
	if s, ok := socket.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			userTimeout(raw, clientPatience)
		}
	}
}
