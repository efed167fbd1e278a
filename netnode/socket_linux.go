package netnode

import (
	"syscall"
	"unsafe"
)

// quickMin is from which size on, in bytes, a call is made without the scheduler's
// knowing. A smaller one is over before it would matter, and a scheduler that hears
// of no calls lets its monitor thread sleep: on a machine with nothing else to do the
// next wake-up then takes several times as long.
const quickMin = 16 << 10

// readNow reads from a file descriptor that does not block.
func readNow(fd uintptr, b []byte) (int, error) {
	if len(b) < quickMin {
		return retry(syscall.Read, fd, b)
	}
	return quick(syscall.SYS_READ, fd, unsafe.Pointer(unsafe.SliceData(b)), len(b))
}

// vectorMax is how many pieces writeNow takes at once.
const vectorMax = 2*bodiesMax + 1

// writeNow writes to a file descriptor that does not block.
func writeNow(fd uintptr, pieces [][]byte) (int, error) {
	if len(pieces) == 1 && len(pieces[0]) < quickMin {
		return retry(syscall.Write, fd, pieces[0])
	}
	var vector [vectorMax]syscall.Iovec
	n := min(len(pieces), len(vector))
	for i, piece := range pieces[:n] {
		vector[i].Base = unsafe.SliceData(piece)
		vector[i].SetLen(len(piece))
	}
	return quick(syscall.SYS_WRITEV, fd, unsafe.Pointer(&vector), n)
}

func quick(call, fd uintptr, p unsafe.Pointer, count int) (int, error) {
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
