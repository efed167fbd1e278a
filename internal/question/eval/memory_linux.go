package eval

import (
	"fmt"
	"syscall"
)

// memorySlack is how much more than its limit the process may map, because of memory that is
// free or not yet collected.
const memorySlack = 512 << 20

// capMemory makes the process end if it maps much more than limit bytes. A single step of an
// expression, such as "x + x" of a long text, can take gigabytes before watchMemory looks again.
func capMemory(limit int) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_DATA, &now); err != nil {
		return fmt.Errorf("read the limit of memory: %w", err)
	}
	now.Cur = min(uint64(limit)+memorySlack, now.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &now); err != nil {
		return fmt.Errorf("set the limit of memory: %w", err)
	}
	return nil
}
