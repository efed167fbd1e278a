//go:build !linux

package netnode

import (
	"net"
	"sync"
)

// newAlarm gives the alarm of a node.
func newAlarm(_ net.Listener, work *sync.WaitGroup, f func()) alarm { return newTimerAlarm(work, f) }
