//go:build !linux

package netnode

import "syscall"

// readNow reads from a file descriptor that does not block.
func readNow(fd uintptr, b []byte) (int, error) { return now(syscall.Read, fd, b) }

// writeNow writes to a file descriptor that does not block.
func writeNow(fd uintptr, b []byte) (int, error) { return now(syscall.Write, fd, b) }

func now(call func(int, []byte) (int, error), fd uintptr, b []byte) (int, error) {
	for {
		if n, err := call(int(fd), b); err != syscall.EINTR {
			return n, err
		}
	}
}
