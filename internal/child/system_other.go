//go:build !linux

package child

import "syscall"

// canIdle tells whether this system says how much a pipe holds and what threads do.
const canIdle = false

// attributes are those of a child: a process group of its own. It ends with this
// process because its input does.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitExit leaves the waiting to os.Process.Wait.
func awaitExit(int) {}

func inPipe(syscall.RawConn) (int, bool) { return 0, false }

func activity(int) (asleep bool, sum uint64, ok bool) { return false, 0, false }
