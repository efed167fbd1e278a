package netnode

import (
	"golang.org/x/sys/unix"

	"chandy/internal/core"
)

const unsentOption = unix.TCP_NOTSENT_LOWAT

// tcpOptions are the options of every TCP connection. The kernel ends a connection on which
// nothing was acknowledged for core.DeadAfter, as long as a node tolerates silence.
var tcpOptions = map[int]int{
	unix.TCP_USER_TIMEOUT: int(core.DeadAfter.Milliseconds()),
	unsentOption:          unsentMax,
}
