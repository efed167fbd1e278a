//go:build !linux

package netnode

import "syscall"

// setUserTimeout does nothing: there is no TCP_USER_TIMEOUT here. Pings detect a peer
// that has vanished.
func setUserTimeout(_, _ string, _ syscall.RawConn) error { return nil }
