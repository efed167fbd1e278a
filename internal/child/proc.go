package child

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Spec says what to start, and who hears of it. The functions are called from
// goroutines of the Process, each by one at a time; none may be nil but Written.
type Spec struct {
	// Command is the program and its arguments. No shell sees them. A program with a
	// slash in its name is looked for from Dir on, one without in $PATH.
	Command []string
	// Dir is the working directory; empty: the current one.
	Dir string
	// Env goes over what Environment gives.
	Env map[string]string
	// LineMax is the longest line that the child may print, in bytes, without its
	// end. A longer one ends it.
	LineMax int
	// Pace has each line wait until the child has read all that was written before.
	// Only on Linux.
	Pace bool
	// Output takes what the child prints. No more than two batches are handed over
	// that were not Returned.
	Output func(*Batch)
	// Errors takes each line of stderr, without control characters, and cut.
	Errors func(line string)
	// Written is called when all lines are in the pipe, after a Write that said no.
	Written func()
	// Ended is called once, after the last Output and Errors.
	Ended func(End)
}

// End is how a child ended.
type End struct {
	// State is nil if it is unknown.
	State *os.ProcessState
	// Reason is why we ended the child. Nil means that it exited on its own or by Close.
	Reason error
	// Stderr is the last line on stderr, or empty.
	Stderr string
}

// Err describes the end, with the last line on stderr.
func (e End) Err() error {
	text := "child exited"
	if e.State != nil {
		text += ": " + e.State.String()
	}
	if e.Reason != nil {
		text = "the child " + e.Reason.Error()
	}
	if e.Stderr != "" {
		text += "; last line on stderr: " + e.Stderr
	}
	return fmt.Errorf("%s", text)
}

// grace is how long a child may take to end once it was told to, before it is told
// more harshly: end of input, SIGTERM, SIGKILL.
const grace = 500 * time.Millisecond

// Process is one child process. Its methods may be called from any goroutine.
//
// Its goroutines: one that starts it and waits for its end, two that read, one that
// writes while a line does not fit into the pipe, one that ends it. All have ended
// when Close returns.
type Proc struct {
	spec   Spec
	cmd    *exec.Cmd
	stdout *os.File
	stderr *os.File
	input  input
	free   chan []byte // free batch buffers; the reader blocks when there are none

	closing   chan struct{} // closed by Close: what it prints is dropped
	closeOnce sync.Once
	exited    chan struct{} // closed when the child has ended
	ended     chan struct{} // closed when all goroutines but those of stop have
	stopOnce  sync.Once
	stopping  sync.WaitGroup

	mu       sync.Mutex // guards the rest
	reaped   bool       // its id may be another's
	deadline time.Time  // after the end, for what others still print
	reason   error
	last     string // line of stderr
}

// Start starts a child, in a process group of its own. On Linux it is killed when
// this process ends, however that is. An error means that nothing runs.
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
	var files [6]*os.File // reading and writing ends
	for i := 0; i < len(files); i += 2 {
		r, w, err := os.Pipe()
		if err != nil {
			closeFiles(files[:])
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
	closeFiles([]*os.File{files[0], files[3], files[5]})
	if err != nil {
		closeFiles([]*os.File{files[1], files[2], files[4]})
		return nil, fmt.Errorf("start %s: %w", filepath.Base(spec.Command[0]), err)
	}
	return p, nil
}

func closeFiles(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// PID is the id of the process.
func (p *Proc) PID() int { return p.cmd.Process.Pid }

// run is the child's life. It keeps its thread: the child dies with the thread that
// has started it.
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
	p.signal(syscall.SIGKILL) // what it has started
	p.mu.Lock()
	p.reaped = true
	p.deadline = time.Now().Add(4 * grace)
	p.mu.Unlock()
	state, _ := p.cmd.Process.Wait()
	close(p.exited)
	now := time.Now()
	p.stdout.SetReadDeadline(now.Add(grace)) // others may hold the other end
	p.stderr.SetReadDeadline(now.Add(grace))
	p.input.close()
	readers.Wait()
	p.input.writer.Wait()
	closeFiles([]*os.File{p.stdout, p.stderr})
	p.mu.Lock()
	end := End{State: state, Reason: p.reason, Stderr: p.last}
	p.mu.Unlock()
	p.spec.Ended(end)
	close(p.ended)
}

// beforeRead bounds how long a read may wait once the child has ended.
func (p *Proc) beforeRead(f *os.File) {
	select {
	case <-p.exited:
		p.mu.Lock()
		deadline := p.deadline
		p.mu.Unlock()
		if soon := time.Now().Add(grace / 4); soon.Before(deadline) {
			deadline = soon
		}
		f.SetReadDeadline(deadline)
	default:
	}
}

// signal sends a signal to the child's process group, if it is there.
func (p *Proc) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		syscall.Kill(-p.PID(), s)
	}
}

// end makes the child end because of a fault.
func (p *Proc) end(reason error) {
	p.mu.Lock()
	p.reason = cmp.Or(p.reason, reason)
	p.mu.Unlock()
	p.stop()
}

// endSoon is end, unless the child is about to end by itself.
func (p *Proc) endSoon(reason error) {
	select {
	case <-p.closing:
	case <-p.exited:
	case <-time.After(grace):
		p.end(reason)
	}
}

// stop makes the child end: end of input, SIGTERM, SIGKILL.
func (p *Proc) stop() {
	p.stopOnce.Do(func() {
		p.stopping.Go(func() {
			p.input.close()
			for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
				select {
				case <-p.exited:
					return
				case <-time.After(grace):
					p.signal(s)
				}
			}
		})
	})
}

// Close ends the child and returns when all its goroutines have ended, after about
// a second at most. What the child prints meanwhile is dropped.
func (p *Proc) Close() {
	p.closeOnce.Do(func() { close(p.closing) })
	p.stop()
	<-p.ended
	p.stopping.Wait()
}

// inherited are the variables that a child gets of this process's environment, and
// all that begin with LC_. Nothing else: there may be secrets among them.
var inherited = []string{"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"}

// Environment is that of a child, sorted.
func Environment(more map[string]string) []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if _, ours := more[name]; !ours && (slices.Contains(inherited, name) || strings.HasPrefix(name, "LC_")) {
			env = append(env, v)
		}
	}
	for name, value := range more {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}
