package bench

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// room returns an empty text if the file system of dir has that many bytes free, and so has
// the memory. Otherwise it returns what is missing.
func room(dir string, disk, memory uint64) (why string) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err == nil {
		if free := s.Bavail * uint64(s.Bsize); free < disk {
			return fmt.Sprintf("needs %d MiB in %s, and %d MiB are free", disk>>20, dir, free>>20)
		}
	}
	if free, ok := memoryFree(); ok && free < memory {
		return fmt.Sprintf("needs %d MiB of memory, and %d MiB are free", memory>>20, free>>20)
	}
	return ""
}

// memoryFree returns how many bytes of memory are available, if the system reports it.
func memoryFree() (bytes uint64, ok bool) {
	info, _ := os.ReadFile("/proc/meminfo")
	_, line, ok := strings.Cut(string(info), "MemAvailable:")
	if !ok {
		return 0, false
	}
	var kib uint64
	_, err := fmt.Sscan(line, &kib)
	return kib << 10, err == nil
}
