//go:build !linux

package netnode

import "syscall"

// setUserTimeout does nothing where there is no TCP_USER_TIMEOUT: pings find a
// peer that has vanished.
func setUserTimeout(_, _ string, _ syscall.RawConn) error { return nil }
