package child

import (
	"bytes"
	"hash/fnv"
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// canIdle reports whether this system shows how much a pipe holds and whether threads run.
const canIdle = true

// attributes put a child into a process group of its own. The system kills the child when
// the thread that started it ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitExit waits until a child has ended, without reaping it. Until the child is reaped,
// the system cannot give its process and group ids to somebody else.
func awaitExit(pid int) {
	const exited, noWait, byPID = 0x4, 0x1000000, 1
	var info [128]byte // siginfo_t
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(pid), uintptr(unsafe.Pointer(&info)), exited|noWait, 0, 0)
		if errno != syscall.EINTR {
			return
		}
	}
}

// inPipe returns how many bytes are in a pipe, given either end. It reports false if our
// end is closed.
func inPipe(raw syscall.RawConn) (int, bool) {
	var n int32
	var errno syscall.Errno
	err := raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCINQ, uintptr(unsafe.Pointer(&n)))
	})
	return int(n), err == nil && errno == 0
}

// activity looks at all threads of a process group. It reports whether all of them sleep.
// It also returns a sum that changes when a thread has run, begun or ended.
func activity(group int) (asleep bool, sum uint64, ok bool) {
	hash := fnv.New64a()
	asleep = true
	for _, pid := range numbered("/proc") {
		if in, err := syscall.Getpgid(pid); err != nil || in != group {
			continue
		}
		tasks := "/proc/" + strconv.Itoa(pid) + "/task"
		for _, tid := range numbered(tasks) {
			status, err := os.ReadFile(tasks + "/" + strconv.Itoa(tid) + "/status")
			if err != nil {
				asleep = false // it has just ended
				continue
			}
			ok = true
			state, switches := threadStatus(status)
			asleep = asleep && (state == 'S' || state == 'Z' || state == 'X')
			hash.Write(strconv.AppendInt(nil, int64(tid), 10))
			hash.Write(switches)
		}
	}
	return asleep, hash.Sum64(), ok
}

// numbered returns the entries of a directory whose names are numbers.
func numbered(dir string) (all []int) {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// threadStatus reads the state of a thread, a letter, and how often it has stopped
// running, as text.
func threadStatus(status []byte) (state byte, switches []byte) {
	if _, after, ok := bytes.Cut(status, []byte("\nState:\t")); ok && len(after) > 0 {
		state = after[0]
	}
	_, switches, _ = bytes.Cut(status, []byte("\nvoluntary_ctxt_switches:"))
	return state, switches
}
