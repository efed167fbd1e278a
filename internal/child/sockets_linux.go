package child

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
)

// sockets returns the inodes of the sockets that some processes have open, sorted.
func sockets(pids []int) (inodes []string) {
	for _, pid := range pids {
		for _, target := range openFiles(pid) {
			if inode, ok := strings.CutPrefix(target, "socket:["); ok {
				inodes = append(inodes, strings.TrimSuffix(inode, "]"))
			}
		}
	}
	slices.Sort(inodes)
	return slices.Compact(inodes)
}

// internet returns how many of the sockets of a process, named by their inodes, are of TCP
// or UDP.
func internet(pid int, inodes []string) (n int) {
	for _, name := range []string{"tcp", "tcp6", "udp", "udp6"} {
		table, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/net/" + name)
		for line := range bytes.Lines(table) {
			const inode = 9 // its column
			if fields := bytes.Fields(line); len(fields) > inode {
				if _, ok := slices.BinarySearch(inodes, string(fields[inode])); ok {
					n++
				}
			}
		}
	}
	return n
}

// holders returns the processes that have one of some files open, apart from this process.
func holders(files ...*os.File) (pids []int) {
	var targets []string
	for _, f := range files {
		if raw, err := f.SyscallConn(); err == nil {
			raw.Control(func(fd uintptr) {
				target, _ := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(fd)))
				targets = append(targets, target)
			})
		}
	}
	for _, pid := range numbered("/proc") {
		holds := func(target string) bool { return slices.Contains(targets, target) }
		if pid != os.Getpid() && slices.ContainsFunc(openFiles(pid), holds) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// openFiles returns the targets of the links in /proc/PID/fd, such as pipe:[123].
func openFiles(pid int) (targets []string) {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	for _, fd := range numbered(dir) {
		if target, err := os.Readlink(dir + "/" + strconv.Itoa(fd)); err == nil {
			targets = append(targets, target)
		}
	}
	return targets
}
