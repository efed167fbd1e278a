package netnode

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// userTimeout makes the kernel end a connection on which nothing was acknowledged for d.
func userTimeout(c syscall.RawConn, d time.Duration) error {
	return setOption(c, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
}
