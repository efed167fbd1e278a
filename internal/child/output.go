package child

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"chandy/internal/printable"
)

// Batch contains lines that a child has printed, without their line ends ("\n" or
// "\r\n") and without spaces and tabs around them. The lines are valid until Return.
type Batch struct {
	Lines [][]byte
	// Partial reports whether the output ended within the last line.
	Partial bool

	process *Proc
	buffer  []byte
}

// Return frees the memory of the lines, so that more output can be read.
func (b *Batch) Return() {
	if cap(b.buffer) > keepMax {
		b.buffer = nil
	}
	select {
	case b.process.free <- b.buffer:
	default: // this buffer was added after the child had exited: see Proc.buffer
	}
}

const (
	// buffers is the number of batches. While all are handed over, nothing is read.
	buffers = 2
	// bufferSize is the size of a batch in bytes, unless a line is longer.
	bufferSize = 64 << 10
)

// byteOrderMark is what some languages on Windows print first. It belongs to no line.
var byteOrderMark = []byte("\uFEFF")

// readOutput reads what the child prints and hands it over in batches.
func (p *Proc) readOutput() {
	var rest []byte // beginning of a line whose end has not been read
	var err error
	for count := 0; err == nil; {
		var end int
		b := &Batch{process: p, buffer: append(p.buffer()[:0], rest...)}
		b.buffer, end, err = p.fill(b.buffer)
		b.cut(end, err != nil || end < 0)
		if i := b.tooLong(p.spec.LineMax); i >= 0 {
			p.end(fmt.Errorf("printed a line longer than %d bytes: line %d", p.spec.LineMax, count+i+1))
			p.dropOutput()
		}
		if count == 0 && len(b.Lines) > 0 {
			b.Lines[0] = bytes.TrimPrefix(b.Lines[0], byteOrderMark)
		}
		count += len(b.Lines)
		rest = slices.Clone(b.buffer[end+1:])
		select {
		case <-p.closing:
			rest = nil
			b.Return()
		default:
			if len(b.Lines) > 0 {
				b.trim()
				p.spec.Output(b)
			}
		}
	}
	if !errors.Is(err, os.ErrClosed) {
		p.endSoon(errors.New("closed its stdout"))
	}
}

// buffer returns a free buffer, and waits for one while the child runs. Once the child
// has exited there is little left to read, so buffer returns nil for a new one.
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

// fill reads to the end of the buffer, which begins with an unfinished line, until there
// is a line end, or more than LineMax bytes without one, or an error. It returns the
// buffer and the index of the last line end in it, or -1.
func (p *Proc) fill(buffer []byte) (filled []byte, end int, err error) {
	for err == nil && len(buffer) <= p.spec.LineMax {
		if cap(buffer)-len(buffer) < bufferSize/2 {
			buffer = append(make([]byte, 0, max(bufferSize, 2*cap(buffer))), buffer...)
		}
		p.beforeRead(p.stdout)
		var n int
		searched := len(buffer)
		n, err = p.stdout.Read(buffer[searched:cap(buffer)])
		p.afterRead(err)
		buffer = buffer[:searched+n]
		if i := bytes.LastIndexByte(buffer[searched:], '\n'); i >= 0 {
			p.unended.Store(int64(n - i - 1))
			return buffer, searched + i, err
		}
		p.unended.Store(int64(len(buffer)))
	}
	return buffer, -1, err
}

// Unended returns how many bytes the child has printed since its last line end.
func (p *Proc) Unended() int { return int(p.unended.Load()) }

// cut cuts the buffer into lines, up to the last line end. If last is true, the bytes
// after it are a line too.
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

// trim removes the white space around each line here, before anything else uses it, so
// that the same bytes are sent, delivered and recorded. A snapshot could hold JSON with
// white space around it only in base64.
func (b *Batch) trim() {
	for i, line := range b.Lines {
		b.Lines[i] = bytes.Trim(line, " \t\r")
	}
}

// tooLong returns the index of the first line that is longer than max, or -1.
func (b *Batch) tooLong(max int) int {
	return slices.IndexFunc(b.Lines, func(line []byte) bool { return len(line) > max })
}

// errorMax is the most bytes of a line of stderr that are kept.
const errorMax = 2048

// readErrors hands over what the child prints on stderr.
func (p *Proc) readErrors() {
	lines := bufio.NewReaderSize(stderrReader{p}, 4*errorMax)
	for {
		line, more, err := lines.ReadLine()
		if len(line) > 0 {
			text := printable.Start(line, errorMax)
			p.mu.Lock()
			p.last = text
			p.mu.Unlock()
			p.spec.Errors(text)
		}
		for more && err == nil { // skip the remaining bytes of a long line
			_, more, err = lines.ReadLine()
		}
		if err != nil {
			return
		}
	}
}

// stderrReader reads stderr, with a deadline once the child has exited.
type stderrReader struct{ process *Proc }

func (r stderrReader) Read(b []byte) (int, error) {
	r.process.beforeRead(r.process.stderr)
	n, err := r.process.stderr.Read(b)
	r.process.afterRead(err)
	return n, err
}
