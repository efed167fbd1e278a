package netnode

import "golang.org/x/sys/unix"

const unsentOption = unix.TCP_NOTSENT_LOWAT

// tcpOptions are the options of every TCP connection. There is no TCP_USER_TIMEOUT here;
// pings detect a peer that has vanished.
var tcpOptions = map[int]int{unsentOption: unsentMax}
