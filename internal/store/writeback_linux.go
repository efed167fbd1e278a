package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// beginWriteback lets the system begin to write a range of a file to the disk, and does not
// wait for it. If the disk fails then, Sync returns the error.
func beginWriteback(f *os.File, offset, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), offset, n, unix.SYNC_FILE_RANGE_WRITE)
}
