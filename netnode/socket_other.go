//go:build !linux

package netnode

import "syscall"

// readNow reads from a file descriptor that does not block.
func readNow(fd uintptr, b []byte) (int, error) { return retry(syscall.Read, fd, b) }

// writeNow writes to a file descriptor that does not block.
func writeNow(fd uintptr, pieces [][]byte) (n int, err error) {
	for _, piece := range pieces {
		k, err := retry(syscall.Write, fd, piece)
		n += max(k, 0)
		if k < len(piece) && n > 0 {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}
