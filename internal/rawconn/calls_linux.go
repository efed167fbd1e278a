//go:build !race

package rawconn

import (
	"syscall"
	"unsafe"
)

const (
	// rawMax is the largest transfer by a raw call, in bytes: the garbage collector
	// waits while it lasts.
	rawMax = 512 << 10
	// vectorMax is the largest number of pieces that one call writes.
	vectorMax = 64
)

// readNow reads from a non-blocking file descriptor, with a raw call if raw.
func readNow(fd uintptr, b []byte, raw bool) (int, error) {
	if !raw {
		return retry(syscall.Read, fd, b)
	}
	b = b[:min(len(b), rawMax)]
	for {
		n, _, err := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		if err != syscall.EINTR {
			return result(n, err)
		}
	}
}

// writeNow writes as much as a non-blocking file descriptor takes, with raw calls if
// raw. It modifies the slice pieces.
func writeNow(fd uintptr, pieces [][]byte, raw bool) (written int, err error) {
	for len(pieces) > 0 {
		if len(pieces) == 1 && !raw {
			n, err := retry(syscall.Write, fd, pieces[0])
			return written + max(n, 0), err
		}
		var vector [vectorMax]syscall.Iovec
		count, size := 0, 0
		for count < min(len(pieces), vectorMax) && size < rawMax {
			b := pieces[count]
			b = b[:min(len(b), rawMax-size)]
			vector[count].Base = unsafe.SliceData(b)
			vector[count].SetLen(len(b))
			count, size = count+1, size+len(b)
		}
		n, err := writeVector(fd, &vector, count, raw)
		written += n
		if err != nil || n < size {
			return written, err
		}
		for len(pieces) > 0 && n >= len(pieces[0]) {
			n -= len(pieces[0])
			pieces = pieces[1:]
		}
		if n > 0 {
			pieces[0] = pieces[0][n:]
		}
	}
	return written, nil
}

func writeVector(fd uintptr, vector *[vectorMax]syscall.Iovec, count int, raw bool) (int, error) {
	for {
		var n uintptr
		var err syscall.Errno
		if raw {
			n, _, err = syscall.RawSyscall(syscall.SYS_WRITEV, fd, uintptr(unsafe.Pointer(vector)), uintptr(count))
		} else {
			n, _, err = syscall.Syscall(syscall.SYS_WRITEV, fd, uintptr(unsafe.Pointer(vector)), uintptr(count))
		}
		if err != syscall.EINTR {
			return result(n, err)
		}
	}
}

func result(n uintptr, err syscall.Errno) (int, error) {
	if err != 0 {
		return 0, err
	}
	return int(n), nil
}
