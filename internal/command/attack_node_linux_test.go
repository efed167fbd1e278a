package command

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"chandy/snapshot"
)

// victim is the node of a process under attack. It is an operating-system process of its
// own, and so is its ledger.
type victim struct {
	*attack
	id      snapshot.ProcessID
	address string
	file    string // its cluster file, in which the others have the addresses of relays
	log     *os.File
	steady  bool // see steadyNodes

	flags     []string          // further ones of chandy node
	seen      func(line string) // called with each line of the log; may be nil
	permitted string            // a line at level error that contains it is no fault; empty means that each is one

	// busy is held by the fault that stops, ends or starts the node.
	busy sync.Mutex
	// disturbed counts how often the node was ended, started, stopped and continued. A
	// client of a node that was not disturbed must get what it asks for.
	disturbed atomic.Int64
	up        atomic.Bool // it listens, and nobody ends it
	stopped   atomic.Bool // by SIGSTOP

	cmd     *exec.Cmd
	started chan struct{} // closed when the node listens
	ended   chan struct{} // closed when it has ended and its log is complete
	dump    bytes.Buffer  // what it printed after SIGQUIT; valid when it has ended
}

// start starts the node and waits until it listens.
func (v *victim) start() {
	path, err := exec.LookPath("chandy") // testscript.Main puts our programs on our own $PATH
	if err != nil {
		v.fail("%v", err)
		return
	}
	args := slices.Concat([]string{"node", "--cluster", v.file, "--log-format", "json"}, v.flags, []string{string(v.id)})
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		v.fail("start the node of %s: %v", v.id, err)
		return
	}
	v.cmd, v.started, v.ended = cmd, make(chan struct{}), make(chan struct{})
	v.dump.Reset()
	go func() {
		v.read(bufio.NewReader(stderr), v.started)
		cmd.Wait()
		if v.up.Load() {
			v.fail("the node of %s ended by itself: %v", v.id, cmd.ProcessState)
		}
		close(v.ended)
	}()
	select {
	case <-v.started:
		v.disturbed.Add(1)
		v.up.Store(true)
	case <-v.ended:
		v.fail("the node of %s did not start: %v", v.id, cmd.ProcessState)
	case <-v.ctx.Done():
	}
}

// read copies the log of a node. Some lines must never come.
func (v *victim) read(log *bufio.Reader, started chan struct{}) {
	for first, quit := true, false; ; {
		line, err := log.ReadString('\n')
		if quit = quit || strings.HasPrefix(line, "SIGQUIT"); quit {
			v.dump.WriteString(line)
		} else {
			v.log.WriteString(line)
		}
		switch {
		case quit:
		case first && strings.Contains(line, `"node started"`):
			first = false
			close(started)
		case strings.Contains(line, `"level":"error"`) && (v.permitted == "" || !strings.Contains(line, v.permitted)),
			strings.HasPrefix(line, "panic:"), strings.Contains(line, "bug:"), strings.Contains(line, "DATA RACE"), strings.HasPrefix(line, "fatal error:"):
			v.fail("log of %s: got %s, want no such line", v.id, strings.TrimSpace(line))
		}
		if v.seen != nil {
			v.seen(line)
		}
		if err != nil {
			return
		}
	}
}

// end ends the node with a signal and waits for its end. SIGTERM must end it in time, with
// exit code 0.
func (v *victim) end(signal syscall.Signal) {
	v.up.Store(false)
	v.disturbed.Add(1)
	v.cmd.Process.Signal(signal)
	select {
	case <-v.ended:
	case <-time.After(stopPatience):
		v.fail("the node of %s: got no end within %v of %v, want it to end", v.id, stopPatience, signal)
		v.cmd.Process.Kill()
		<-v.ended
	}
	if code := v.cmd.ProcessState.ExitCode(); signal == syscall.SIGTERM && code != exitYes {
		v.fail("the node of %s: got exit code %d after SIGTERM, want %d", v.id, code, exitYes)
	}
}

// stopPatience is how long a node may take to end on a machine that is busy. Two seconds
// is the promise.
const stopPatience = 10 * time.Second

// suspend stops the node for a while.
func (v *victim) suspend(ctx context.Context, how time.Duration) {
	v.stopped.Store(true)
	v.disturbed.Add(1)
	v.cmd.Process.Signal(syscall.SIGSTOP)
	pause(ctx, how)
	v.cmd.Process.Signal(syscall.SIGCONT)
	v.disturbed.Add(1)
	v.stopped.Store(false)
}

// usage is what the system says about a node.
type usage struct {
	files    int // descriptors that it holds
	resident int // KiB of memory, now and at most so far
	peak     int
}

func (s usage) String() string {
	return fmt.Sprintf("%d descriptors, %d MiB resident, %d MiB at most", s.files, s.resident>>10, s.peak>>10)
}

func (v *victim) usage() (s usage) {
	dir := fmt.Sprintf("/proc/%d/", v.cmd.Process.Pid)
	files, err := os.ReadDir(dir + "fd")
	if err != nil {
		v.fail("descriptors of %s: %v", v.id, err)
	}
	s.files = len(files)
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		v.fail("memory of %s: %v", v.id, err)
	}
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "VmRSS: %d kB", &s.resident)
		fmt.Sscanf(line, "VmHWM: %d kB", &s.peak)
	}
	return s
}

// goroutines ends the node with SIGQUIT and returns how many goroutines it had, by the
// function that started them, without those of the Go runtime.
func (v *victim) goroutines() map[string]int {
	v.end(syscall.SIGQUIT)
	all := map[string]int{}
	for stack := range strings.SplitSeq(v.dump.String(), "\n\n") {
		_, by, started := strings.Cut(stack, "created by ")
		by, _, _ = strings.Cut(by, " in goroutine")
		if started && !strings.HasPrefix(by, "runtime.") {
			all[by]++
		}
	}
	return all
}
