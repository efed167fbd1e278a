//go:build !race

package netnode

import (
	"syscall"
	"unsafe"
)

const (
	// quickMax is how much a quick call may be about, in bytes: while it lasts, the
	// garbage collector waits for it.
	quickMax = 512 << 10
	// vectorMax is how many pieces one call writes.
	vectorMax = 64
)

// readNow reads from a file descriptor that does not block. A quick call is one that
// the scheduler does not know of.
func readNow(fd uintptr, b []byte, quick bool) (int, error) {
	if !quick {
		return retry(syscall.Read, fd, b)
	}
	b = b[:min(len(b), quickMax)]
	for {
		n, _, err := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		if err != syscall.EINTR {
			return result(n, err)
		}
	}
}

// writeNow writes to a file descriptor that does not block, as much as it takes. It
// uses the slice of pieces up.
func writeNow(fd uintptr, pieces [][]byte, quick bool) (written int, err error) {
	for len(pieces) > 0 {
		if len(pieces) == 1 && !quick {
			n, err := retry(syscall.Write, fd, pieces[0])
			return written + max(n, 0), err
		}
		var vector [vectorMax]syscall.Iovec
		count, size := 0, 0
		for count < min(len(pieces), vectorMax) && size < quickMax {
			b := pieces[count]
			b = b[:min(len(b), quickMax-size)]
			vector[count].Base = unsafe.SliceData(b)
			vector[count].SetLen(len(b))
			count, size = count+1, size+len(b)
		}
		n, err := writeVector(fd, &vector, count, quick)
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

func writeVector(fd uintptr, vector *[vectorMax]syscall.Iovec, count int, quick bool) (int, error) {
	for {
		var n uintptr
		var err syscall.Errno
		if quick {
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
