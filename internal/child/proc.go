package child

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Proc is one child process. It is safe for concurrent use.
//
// It has these goroutines: run starts the child and waits for its end; readOutput and
// readErrors read; one writes while a line does not fit into the pipe (input.write); one
// ends the child (stop). All have ended when Close returns.
type Proc struct {
	spec   Spec
	cmd    *exec.Cmd
	stdout *os.File
	stderr *os.File
	input  input
	free   chan []byte // free batch buffers; the reader blocks when there are none

	unended atomic.Int64 // bytes read from stdout since the last line end

	closing   chan struct{} // closed when output is to be dropped
	closeOnce sync.Once     // closes closing
	exited    chan struct{} // closed when the child has exited
	ended     chan struct{} // closed when all goroutines but that of stop have ended
	stopOnce  sync.Once
	stopping  sync.WaitGroup // the goroutine of stop

	mu        sync.Mutex // guards the fields below
	signalled bool       // stop has sent the child a signal
	held      bool       // another process held the output longer than the child ran
	holders   []int      // such processes, as far as they are known
	reaped    bool       // the child's id may belong to another process
	deadline  time.Time  // of reads after the child has exited
	reason    error      // why we end the child
	last      string     // last line on stderr
}

// Start starts a child in a process group of its own. On Linux the child is killed when
// this process ends in any way. An error means that nothing runs.
func Start(spec Spec) (*Proc, error) {
	p := &Proc{
		spec: spec, cmd: exec.Command(spec.Command[0], spec.Command[1:]...), free: make(chan []byte, buffers),
		closing: make(chan struct{}), exited: make(chan struct{}), ended: make(chan struct{}),
	}
	for range buffers {
		p.free <- nil
	}
	p.cmd.Dir = spec.Dir
	p.cmd.Env = Environment(spec.Env)
	p.cmd.SysProcAttr = attributes()
	var files [6]*os.File // stdin, stdout and stderr; for each the reading and the writing end
	for i := 0; i < len(files); i += 2 {
		r, w, err := os.Pipe()
		if err != nil {
			closeFiles(files[:]...)
			return nil, fmt.Errorf("start %s: %w", spec.Command[0], err)
		}
		files[i], files[i+1] = r, w
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = files[0], files[3], files[5]
	p.input.init(p, files[1])
	p.stdout, p.stderr = files[2], files[4]
	started := make(chan error)
	go p.run(started)
	err := <-started
	closeFiles(files[0], files[3], files[5])
	if err != nil {
		closeFiles(files[1], files[2], files[4])
		return nil, fmt.Errorf("start %s: %w", filepath.Base(spec.Command[0]), err)
	}
	return p, nil
}

// closeFiles closes the files that are not nil.
func closeFiles(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// PID returns the process id of the child.
func (p *Proc) PID() int { return p.cmd.Process.Pid }

// run starts the child, waits for its end and calls Spec.Ended. It keeps its thread,
// because the system kills the child when the thread that started it ends.
func (p *Proc) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	var readers sync.WaitGroup
	readers.Go(p.readOutput)
	readers.Go(p.readErrors)
	awaitExit(p.PID())
	p.signal(syscall.SIGKILL) // to the processes that the child has started
	p.mu.Lock()
	p.reaped = true
	p.deadline = time.Now().Add(4 * grace)
	p.mu.Unlock()
	state, _ := p.cmd.Process.Wait()
	close(p.exited)
	now := time.Now()
	p.stdout.SetReadDeadline(now.Add(grace)) // other processes may hold the writing end
	p.stderr.SetReadDeadline(now.Add(grace))
	p.input.close()
	readers.Wait()
	p.input.writer.Wait()
	if held, _ := p.Held(); held {
		pids := holders(p.stdout, p.stderr)
		p.mu.Lock()
		p.holders = pids
		p.mu.Unlock()
	}
	closeFiles(p.stdout, p.stderr)
	p.mu.Lock()
	end := End{State: state, Reason: p.reason, Signalled: p.signalled, Stderr: p.last}
	p.mu.Unlock()
	p.spec.Ended(end)
	close(p.ended)
}
