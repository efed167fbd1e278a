package bench

import (
	"syscall"
	"time"
)

// cpu returns the processor time that this operating-system process has used, or 0 if
// the system does not report it.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// descriptors returns how many files may be open, or 0 if the system does not report
// it. Go's runtime has already raised the limit as far as it is permitted to.
func descriptors() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return limit.Cur
}
