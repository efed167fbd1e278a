package bench

import (
	"os"

	"golang.org/x/sys/unix"
)

// uncache lets the system forget what it has in memory of a file that has been synced, so
// that the next reader reads it from the disk.
func uncache(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
