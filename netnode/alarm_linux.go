package netnode

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fileAlarm is a timer that is a file. A node always has its alarm pending; with a
// timer of Go's every wait for a message would be one with a time-out, which the
// kernel has to arm and take back each time.
type fileAlarm struct {
	file *os.File
	raw  syscall.RawConn
}

// newAlarm gives the alarm of a node. Where the network is not the system's, neither
// is the clock: tests have their own.
func newAlarm(l net.Listener, work *sync.WaitGroup, f func()) alarm {
	if _, system := l.(syscall.Conn); !system {
		return newTimerAlarm(work, f)
	}
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil { // out of file descriptors, say
		return newTimerAlarm(work, f)
	}
	a := &fileAlarm{file: os.NewFile(uintptr(fd), "timer")}
	if a.raw, err = a.file.SyscallConn(); err != nil {
		a.file.Close()
		return newTimerAlarm(work, f)
	}
	work.Go(func() {
		var count [8]byte // how often it went off
		for {
			if _, err := a.file.Read(count[:]); err != nil {
				return
			}
			f()
		}
	})
	return a
}

func (a *fileAlarm) set(after time.Duration) {
	a.raw.Control(func(fd uintptr) { // an error means that it is closed
		unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(after, 1)))}, nil) // 0 would disarm it
	})
}

func (a *fileAlarm) close() { a.file.Close() }
