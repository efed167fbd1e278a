package netnode

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// userTimeout makes the kernel end a connection on which nothing was acknowledged for d.
func userTimeout(c syscall.RawConn, d time.Duration) (err error) {
	if failed := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
	}); failed != nil {
		return failed
	}
	return err
}
