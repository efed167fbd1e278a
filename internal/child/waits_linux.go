package child

import (
	"encoding/binary"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// longWait is a time limit of a wait that counts as none. A wait of Go's runtime, which
// looks after the other threads, has a limit of a minute.
const longWait = time.Second

// waitForInput reports whether every thread of some processes waits in a system call that
// returns only after an event from outside: input on stdin, or what another of these threads
// does. A wait with a time limit below longWait is not such a wait. Nor is any wait of a
// process with a socket, a timerfd or an io_uring, which bring events of their own. Timers
// that send signals (setitimer) are not seen.
//
// The system may refuse to show a system call. Then waitForInput reports false.
func waitForInput(pids []int) bool {
	for _, pid := range pids {
		if slices.ContainsFunc(openFiles(pid), bringsEvents) {
			return false
		}
		process := "/proc/" + strconv.Itoa(pid)
		for _, tid := range numbered(process + "/task") {
			text, err := os.ReadFile(process + "/task/" + strconv.Itoa(tid) + "/syscall")
			if err != nil || !waits(strings.Fields(string(text)), process) {
				return false
			}
		}
	}
	return true
}

func bringsEvents(file string) bool {
	return strings.HasPrefix(file, "socket:") || file == "anon_inode:[timerfd]" || file == "anon_inode:[io_uring]"
}

// Numbers of system calls that only amd64 has.
const (
	amd64Poll      = 7
	amd64EpollWait = 232
)

// waits reports whether a system call waits for an event from outside. The first field is
// its number, and its arguments follow.
func waits(fields []string, process string) bool {
	const arguments = 6
	if len(fields) <= arguments { // "running", or a thread outside a system call
		return false
	}
	number, err := strconv.Atoi(fields[0])
	var argument [arguments]uint64
	for i := range argument {
		n, wrong := strconv.ParseUint(fields[i+1], 0, 64)
		if wrong != nil || err != nil {
			return false
		}
		argument[i] = n
	}
	switch {
	case number == unix.SYS_READ:
		return argument[0] == 0
	case number == unix.SYS_WAIT4:
		return true
	case number == unix.SYS_FUTEX:
		const wait, waitBitset = 0, 9
		operation := argument[1] & 0x7f // without its flags
		return (operation == wait || operation == waitBitset) && argument[3] == 0 ||
			operation == wait && waitsLong(process, argument[3])
	case number == unix.SYS_EPOLL_PWAIT, runtime.GOARCH == "amd64" && number == amd64EpollWait:
		return int32(argument[3]) < 0
	case number == unix.SYS_PPOLL:
		return argument[2] == 0
	case runtime.GOARCH == "amd64" && number == amd64Poll:
		return int32(argument[2]) < 0
	}
	return false
}

// waitsLong reports whether the struct timespec at an address of a process is longWait or
// more.
func waitsLong(process string, address uint64) bool {
	memory, err := os.Open(process + "/mem")
	if err != nil {
		return false
	}
	defer memory.Close()
	var timespec [16]byte
	if _, err := memory.ReadAt(timespec[:], int64(address)); err != nil {
		return false
	}
	return int64(binary.NativeEndian.Uint64(timespec[:8])) >= int64(longWait/time.Second)
}
