//go:build !linux || race

package rawconn

import "syscall"

// These are plain calls, which the race detector can follow.

// readNow reads from a non-blocking file descriptor.
func readNow(fd uintptr, b []byte, _ bool) (int, error) { return retry(syscall.Read, fd, b) }

// writeNow writes as much as a non-blocking file descriptor takes.
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
