//go:build !linux || race

package netnode

import "syscall"

// The plain calls, which the race detector can follow.

// readNow reads from a file descriptor that does not block.
func readNow(fd uintptr, b []byte, _ bool) (int, error) { return retry(syscall.Read, fd, b) }

// writeNow writes to a file descriptor that does not block, as much as it takes.
func writeNow(fd uintptr, pieces [][]byte, _ bool) (written int, err error) {
	for _, piece := range pieces {
		n, err := retry(syscall.Write, fd, piece)
		written += max(n, 0)
		if err != nil || n < len(piece) {
			return written, err
		}
	}
	return written, nil
}
