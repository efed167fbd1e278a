//go:build !linux

package netnode

import (
	"syscall"
	"time"
)

// userTimeout does nothing: there is no TCP_USER_TIMEOUT here.
func userTimeout(syscall.RawConn, time.Duration) error { return nil }
