package clustertest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

var taken sync.Map // ports, by number

// FreePort returns a port of 127.0.0.1 on which nobody listens, and never the same one twice.
// It is below the range of outgoing connections, one of which could otherwise take the port
// before a node listens on it.
func FreePort() string {
	l := FreeListener()
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// FreeListener listens on a free port, as FreePort chooses it. A caller that needs the listener
// must not close it and listen again: a process that is started at that moment holds the port
// until it executes its program.
func FreeListener() net.Listener {
	for {
		port := 10000 + rand.IntN(22000)
		if _, known := taken.LoadOrStore(port, true); known {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return l
		}
	}
}
