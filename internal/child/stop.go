package child

import (
	"cmp"
	"errors"
	"os"
	"syscall"
	"time"
)

// grace is how long a child may take to end after each step that asks it to. The steps
// are the end of its input, SIGTERM and SIGKILL.
const grace = 500 * time.Millisecond

// Close ends the child and returns when all goroutines have ended, after about a second
// at most. Lines that the child prints meanwhile are dropped.
func (p *Proc) Close() {
	p.dropOutput()
	p.Resume() // it may be paused
	p.stop()
	<-p.ended
	p.stopping.Wait()
}

// dropOutput makes the reader of stdout drop all lines from now on.
func (p *Proc) dropOutput() { p.closeOnce.Do(func() { close(p.closing) }) }

// end ends the child because of a fault.
func (p *Proc) end(reason error) {
	p.mu.Lock()
	p.reason = cmp.Or(p.reason, reason)
	p.mu.Unlock()
	p.stop()
}

// endSoon is like end, unless the child exits within grace. Its exit status then says
// more than the reason.
func (p *Proc) endSoon(reason error) {
	select {
	case <-p.closing:
	case <-p.exited:
	case <-time.After(grace):
		p.end(reason)
	}
}

// stop ends the child: first by the end of its input, then by SIGTERM, then by SIGKILL.
func (p *Proc) stop() {
	p.stopOnce.Do(func() {
		p.stopping.Go(func() {
			p.input.close()
			for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
				select {
				case <-p.exited:
					return
				case <-time.After(grace):
					p.mu.Lock()
					p.signalled = true
					p.mu.Unlock()
					p.signal(s)
				}
			}
		})
	})
}

// signal sends a signal to the child's process group. It does nothing once the child has
// been reaped, because the group's id may then belong to another process.
func (p *Proc) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		syscall.Kill(-p.PID(), s)
	}
}

// Pause stops the child's process group, which then runs no more until Resume. A process that
// has left the group runs on.
func (p *Proc) Pause() { p.signal(syscall.SIGSTOP) }

// Resume lets a child run that was stopped by Pause.
func (p *Proc) Resume() { p.signal(syscall.SIGCONT) }

// Kill ends the child at once, also if it is stopped. Close must follow.
func (p *Proc) Kill() {
	p.mu.Lock()
	p.signalled = true
	p.mu.Unlock()
	p.signal(syscall.SIGKILL)
}

// Held reports whether a process that the child has started held its output open after the
// child had exited, and was not waited for. It has left the process group, and the node ends
// only the group. The pids are empty outside Linux.
func (p *Proc) Held() (held bool, pids []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held, p.holders
}

// afterRead takes note of a read that ended because another process holds the pipe.
func (p *Proc) afterRead(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.mu.Lock()
		p.held = true
		p.mu.Unlock()
	}
}

// beforeRead sets the read deadline of a file of the child once the child has exited.
// Processes that the child started may still hold the other end of the pipe. Each read
// then waits at most a quarter of grace, and none waits beyond p.deadline.
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
