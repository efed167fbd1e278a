package netnode

import (
	"syscall"
	"unsafe"
)

// readNow reads from a file descriptor that does not block.
func readNow(fd uintptr, b []byte) (int, error) { return now(syscall.SYS_READ, fd, b) }

// writeNow writes to a file descriptor that does not block.
func writeNow(fd uintptr, b []byte) (int, error) { return now(syscall.SYS_WRITE, fd, b) }

func now(call, fd uintptr, b []byte) (int, error) {
	for {
		n, _, err := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch err {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, err
		}
	}
}
