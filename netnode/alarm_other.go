//go:build !linux

package netnode

import (
	"net"
	"sync"
)

// newAlarm gives the alarm of a node.
func newAlarm(_ net.Listener, _ *sync.WaitGroup, f func()) alarm { return newTimerAlarm(f) }
