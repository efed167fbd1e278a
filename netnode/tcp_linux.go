package netnode

import (
	"syscall"

	"chandy/internal/core"
)

// tcpUserTimeout is TCP_USER_TIMEOUT (tcp(7)), which package syscall does not have.
const tcpUserTimeout = 18

// setUserTimeout makes the kernel end a connection on which nothing was acknowledged for
// core.DeadAfter, as long as a node tolerates silence.
func setUserTimeout(_, _ string, c syscall.RawConn) error {
	var err error
	if failed := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(core.DeadAfter.Milliseconds()))
	}); failed != nil {
		return failed
	}
	return err
}
