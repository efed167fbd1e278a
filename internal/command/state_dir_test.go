package command

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chandy/snapshot"
)

// A node that does not stop is killed, by its process id.
func TestANodeThatDoesNotStopIsKilled(t *testing.T) {
	dir, ids := stateDir(t.TempDir()), []snapshot.ProcessID{"p1"}
	log, err := lockFile(dir.log("p1"), unix.LOCK_EX)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("sleep", "100")
	node.Stderr = log
	if err := node.Start(); err != nil {
		t.Skipf("no sleep: %v", err)
	}
	defer node.Process.Kill()
	log.Close()
	if err := os.WriteFile(dir.pid("p1"), []byte(strconv.Itoa(node.Process.Pid)), 0o666); err != nil {
		t.Fatal(err)
	}
	if left := dir.signal(ids, syscall.SIGCONT, 10*time.Millisecond); len(left) != 1 || !dir.runs("p1") {
		t.Errorf("after a signal that a node survives: got %q as running, want p1", left)
	}
	if left := dir.signal(ids, syscall.SIGKILL, time.Minute); len(left) != 0 || dir.runs("p1") {
		t.Errorf("after SIGKILL: got %q as running, want none", left)
	}
	if _, err := os.Stat(dir.pid("p1")); err == nil {
		t.Error("got the process id of a node that has ended, want it removed")
	}
	node.Wait()
}
