package child

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// input is the stdin of a child. Write never blocks: a goroutine writes the bytes that do
// not fit into the pipe.
type input struct {
	process *Proc
	file    *os.File
	raw     syscall.RawConn
	writer  sync.WaitGroup // the writer goroutine

	mu      sync.Mutex // guards the fields below
	queue   [][]byte   // lines not yet written, each with its line end
	bytes   int        // bytes in queue and in the write in progress
	writing bool       // a writer goroutine runs
	closed  bool
	line    []byte // the last line, with its end
}

func (in *input) init(p *Proc, f *os.File) {
	in.process, in.file = p, f
	in.raw, _ = f.SyscallConn() // never fails for a pipe
}

// Write writes a line, which is passed without its line end. It never blocks, and does
// not keep the line. Write reports whether the whole line is in the pipe. If it is not, or
// if Spec.Pace is set, Write returns false, and Spec.Written is called later. If the child
// has ended, the line is dropped.
func (p *Proc) Write(line []byte) (done bool) {
	in := &p.input
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return true
	}
	if cap(in.line) > keepMax {
		in.line = nil
	}
	in.line = append(append(in.line[:0], line...), '\n')
	rest := in.line
	if !in.writing {
		rest = in.atOnce(rest)
		if len(rest) == 0 && !p.spec.Pace {
			return true
		}
	}
	// With Pace, rest may be empty. It is queued all the same, because the writer goroutine
	// then waits until the child has read the line.
	in.queue = append(in.queue, append([]byte(nil), rest...))
	in.bytes += len(rest)
	if !in.writing {
		in.writing = true
		in.writer.Go(in.write)
	}
	return false
}

// Pending returns the number of bytes that are queued and not yet written.
func (p *Proc) Pending() int {
	p.input.mu.Lock()
	defer p.input.mu.Unlock()
	return p.input.bytes
}

// keepMax is the largest buffer that is kept for the next use.
const keepMax = 1 << 20

// atOnce writes as much as the pipe takes in one system call, and returns the remaining
// bytes. It ignores errors, because the writer goroutine gets them too.
func (in *input) atOnce(line []byte) []byte {
	n := 0
	in.raw.Write(func(fd uintptr) bool {
		if k, err := syscall.Write(int(fd), line); err == nil {
			n = k
		}
		return true // never wait, even after an error
	})
	return line[n:]
}

// write is the writer goroutine. It writes the queue until it is empty.
func (in *input) write() {
	p := in.process
	for {
		in.mu.Lock()
		if len(in.queue) == 0 {
			in.writing = false
			in.mu.Unlock()
			if p.spec.Written != nil {
				p.spec.Written()
			}
			return
		}
		line := in.queue[0]
		in.queue = in.queue[1:]
		in.mu.Unlock()
		_, err := in.file.Write(line)
		if err == nil && p.spec.Pace && !in.awaitRead() {
			err = os.ErrClosed
		}
		if err != nil {
			// The fields queue and writing stay as they are, so later lines are
			// queued and never written. Ended reports the failure.
			if !errors.Is(err, os.ErrClosed) {
				p.endSoon(errors.New("closed its stdin"))
			}
			return
		}
		in.mu.Lock()
		in.bytes -= len(line)
		in.mu.Unlock()
	}
}

// awaitRead waits until the child has read all that was written. It reports false if the
// child ended first.
func (in *input) awaitRead() bool {
	const longest = time.Millisecond
	for pause := 20 * time.Microsecond; ; pause = min(2*pause, longest) {
		n, ok := inPipe(in.raw)
		if !ok {
			return false
		}
		if n == 0 {
			return true
		}
		select {
		case <-in.process.exited:
			return false
		case <-time.After(pause):
		}
	}
}

// close closes the pipe, so that the child sees the end of its input.
func (in *input) close() {
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	in.file.Close()
}
