package netnode

import (
	"syscall"

	"chandy/internal/core"
)

// tcpUserTimeout is TCP_USER_TIMEOUT (tcp(7)), which package syscall does not have.
const tcpUserTimeout = 18

// setUserTimeout lets the kernel give up a connection on which nothing was
// acknowledged for as long as a node would bear silence.
func setUserTimeout(_, _ string, c syscall.RawConn) error {
	var err error
	if wrong := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(core.DeadAfter.Milliseconds()))
	}); wrong != nil {
		return wrong
	}
	return err
}
