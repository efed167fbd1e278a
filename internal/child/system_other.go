//go:build !linux

package child

import (
	"os"
	"syscall"
)

// canIdle reports whether this system shows how many bytes a pipe holds, and whether the
// threads of a process sleep.
const canIdle = false

// attributes put a child into a process group of its own. If this process is killed, the
// child only sees the end of its input, and must end by itself.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitExit leaves the waiting to os.Process.Wait.
func awaitExit(int) {}

func inPipe(syscall.RawConn) (int, bool) { return 0, false }

func members(int) []int { return nil }

func sockets([]int) []string { return nil }

func internet(int, []string) int { return 0 }

func holders(...*os.File) []int { return nil }

func waitForInput([]int) bool { return false }

func inGroup(int, int) bool { return false }

func activity([]int) (asleep bool, sum uint64, ok bool) { return false, 0, false }
