package netnode

import (
	"syscall"
	"unsafe"
)

// readNow reads from a file descriptor that does not block.
func readNow(fd uintptr, b []byte) (int, error) {
	return now(syscall.SYS_READ, fd, unsafe.Pointer(unsafe.SliceData(b)), len(b))
}

// vectorMax is how many pieces writeNow takes at once.
const vectorMax = 2*bodiesMax + 1

// writeNow writes to a file descriptor that does not block.
func writeNow(fd uintptr, pieces [][]byte) (int, error) {
	if len(pieces) == 1 {
		return now(syscall.SYS_WRITE, fd, unsafe.Pointer(unsafe.SliceData(pieces[0])), len(pieces[0]))
	}
	var vector [vectorMax]syscall.Iovec
	n := min(len(pieces), len(vector))
	for i, piece := range pieces[:n] {
		vector[i].Base = unsafe.SliceData(piece)
		vector[i].SetLen(len(piece))
	}
	return now(syscall.SYS_WRITEV, fd, unsafe.Pointer(&vector), n)
}

func now(call, fd uintptr, p unsafe.Pointer, count int) (int, error) {
	for {
		n, _, err := syscall.RawSyscall(call, fd, uintptr(p), uintptr(count))
		switch err {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, err
		}
	}
}
