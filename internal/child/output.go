package child

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"

	"chandy/internal/maelstrom"
)

// Batch is lines that a child has printed, without their line ends ("\n" or "\r\n")
// and without spaces and tabs around them. They are valid until Return.
type Batch struct {
	Lines [][]byte
	// Partial tells that the last line had no end: with it the output ended.
	Partial bool

	process *Proc
	buffer  []byte
}

// Return says that the lines are done with.
func (b *Batch) Return() {
	if cap(b.buffer) > keepMax {
		b.buffer = nil
	}
	select {
	case b.process.free <- b.buffer:
	default: // it was one more, after the end
	}
}

const (
	// buffers is how many batches there are. While all are handed over nothing is read.
	buffers = 2
	// bufferSize is that of a batch, in bytes, unless a line is longer.
	bufferSize = 64 << 10
)

// readOutput hands over what the child prints.
func (p *Proc) readOutput() {
	var rest []byte // the beginning of a line
	for count := 0; ; {
		buffer, dropped := p.buffer(), false
		select {
		case <-p.closing:
			dropped = true
		default:
		}
		buffer = append(buffer[:0], rest...)
		searched, end := len(rest), -1
		var err error
		for end < 0 && err == nil {
			if cap(buffer)-len(buffer) < bufferSize/2 {
				buffer = append(make([]byte, 0, max(bufferSize, 2*cap(buffer))), buffer...)
			}
			p.beforeRead(p.stdout)
			var n int
			n, err = p.stdout.Read(buffer[len(buffer):cap(buffer)])
			buffer = buffer[:len(buffer)+n]
			end = bytes.LastIndexByte(buffer[searched:], '\n')
			if end >= 0 {
				end += searched
			}
			searched = len(buffer)
			if end < 0 && len(buffer) > p.spec.LineMax {
				break
			}
		}
		b := &Batch{process: p, buffer: buffer}
		b.cut(end, err != nil)
		if i := b.tooLong(p.spec.LineMax); i >= 0 || end < 0 && err == nil {
			if i < 0 {
				i = 0
			}
			p.end(fmt.Errorf("printed a line longer than %d bytes: line %d", p.spec.LineMax, count+i+1))
			p.closeOnce.Do(func() { close(p.closing) }) // nothing of it counts any more
			dropped = true
		}
		count += len(b.Lines)
		rest = append([]byte(nil), buffer[end+1:]...)
		switch {
		case dropped:
			rest = nil
			b.Return()
		case len(b.Lines) > 0:
			b.trim()
			p.spec.Output(b)
		}
		if err != nil {
			if !errors.Is(err, os.ErrClosed) {
				p.endSoon(errors.New("closed its stdout"))
			}
			return
		}
	}
}

// buffer waits for one; not any more once the child has ended, which bounds what
// there is to read.
func (p *Proc) buffer() []byte {
	select {
	case b := <-p.free:
		return b
	default:
	}
	select {
	case b := <-p.free:
		return b
	case <-p.exited:
	case <-p.closing:
	}
	return nil
}

// cut makes lines of the buffer up to its last line end, and of what follows if it
// is the last.
func (b *Batch) cut(end int, last bool) {
	for start := 0; start <= end; {
		n := bytes.IndexByte(b.buffer[start:], '\n')
		b.Lines = append(b.Lines, b.buffer[start:start+n:start+n])
		start += n + 1
	}
	if tail := b.buffer[end+1:]; last && len(tail) > 0 {
		b.Lines = append(b.Lines, tail)
		b.Partial = true
	}
}

// trim removes the white space around each line. A snapshot could hold JSON with
// white space around it only in base64. Trimmed here, the bytes that are sent,
// delivered and recorded are the same.
func (b *Batch) trim() {
	for i, line := range b.Lines {
		b.Lines[i] = bytes.Trim(line, " \t\r")
	}
}

// tooLong is the first line that is longer than max; -1 if there is none.
func (b *Batch) tooLong(max int) int {
	for i, line := range b.Lines {
		if len(line) > max {
			return i
		}
	}
	return -1
}

// errorMax is how much of a line of stderr is kept, in bytes.
const errorMax = 2048

// readErrors hands over what the child says on stderr.
func (p *Proc) readErrors() {
	lines := bufio.NewReaderSize(deadlined{p, p.stderr}, 4*errorMax)
	for {
		line, more, err := lines.ReadLine()
		if len(line) > 0 {
			text := maelstrom.Printable(line, errorMax)
			p.mu.Lock()
			p.last = text
			p.mu.Unlock()
			p.spec.Errors(text)
		}
		for more && err == nil {
			_, more, err = lines.ReadLine()
		}
		if err != nil {
			return
		}
	}
}

// deadlined reads no longer than it may after the end of the child.
type deadlined struct {
	process *Proc
	file    *os.File
}

func (d deadlined) Read(b []byte) (int, error) {
	d.process.beforeRead(d.file)
	return d.file.Read(b)
}
