package store_test

import (
	"fmt"
	"syscall"
)

// mountSmall mounts a file system in memory that holds the given number of bytes.
func mountSmall(path string, bytes int) (unmount func(), err error) {
	if err := syscall.Mount("chandy", path, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		return nil, err
	}
	return func() { _ = syscall.Unmount(path, 0) }, nil
}

func remountReadOnly(path string) error {
	return syscall.Mount("", path, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}
