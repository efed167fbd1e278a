package eval

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

// memorySlack is how much more than its limit the process may map, because of memory that is
// free or not yet collected, and of stacks.
const memorySlack = 384 << 20

// addressSpace returns the size of the address space of this process in bytes, as it was at the
// first call. The Go runtime reserves much of it that it does not use.
var addressSpace = sync.OnceValues(func() (uint64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var pages uint64
	_, err = fmt.Sscan(string(text), &pages)
	return pages * uint64(os.Getpagesize()), err
})

// capMemory makes the process end if it maps much more than limit bytes. A single step of an
// expression, such as "x + x" of a long text, can take gigabytes before watchMemory looks again.
// RLIMIT_DATA would be too late by one such step: Linux does not count the memory that a process
// has reserved when it begins to use it.
func capMemory(limit int) error {
	begin, err := addressSpace()
	if err != nil {
		return fmt.Errorf("read the size of the address space: %w", err)
	}
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &now); err != nil {
		return fmt.Errorf("read the limit of memory: %w", err)
	}
	now.Cur = min(begin+uint64(limit)+memorySlack, now.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &now); err != nil {
		return fmt.Errorf("set the limit of memory: %w", err)
	}
	return nil
}
