package command

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// spoolMax is how many bytes a spool keeps in memory.
const spoolMax = 64 << 20

// spool stands between a node, which does not wait, and a reader of stdout, which may take
// hours, such as less. It takes everything at once, and a goroutine writes it to the output.
// What does not fit in memory goes to a temporary file.
type spool struct {
	out  io.Writer
	max  int           // bytes in memory, at most
	done chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	changed sync.Cond // signalled when there is more to write, and by finish
	memory  [][]byte  // comes before what is in the file
	bytes   int       // in memory
	file    *os.File  // nil until it is needed
	unnamed bool      // the file has no name any more, so the system frees it
	from    int64     // what is in the file and not written yet: from … to
	to      int64
	ended   bool
	err     error // first error of the output or the file
}

// newSpool returns a spool, which keeps at most max bytes in memory. The caller must call
// finish or drop.
func newSpool(out io.Writer, max int) *spool {
	s := &spool{out: out, max: max, done: make(chan struct{})}
	s.changed.L = &s.mu
	go s.run()
	return s
}

// Write keeps a copy of b. It fails if the output has failed.
func (s *spool) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return 0, s.err
	case len(b) == 0:
	case s.from == s.to && s.bytes+len(b) <= s.max:
		s.memory = append(s.memory, append([]byte(nil), b...))
		s.bytes += len(b)
	default:
		if s.err = s.spill(b); s.err != nil {
			return 0, s.err
		}
	}
	s.changed.Signal()
	return len(b), nil
}

// spill writes b to the end of the file. The caller must hold mu.
func (s *spool) spill(b []byte) (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp("", "chandy-snapshot-*"); err != nil {
			return fmt.Errorf("keep the output until it is read: %w", err)
		}
		s.unnamed = os.Remove(s.file.Name()) == nil
	}
	n, err := s.file.WriteAt(b, s.to)
	s.to += int64(n)
	if err != nil {
		return fmt.Errorf("keep the output until it is read: %w", err)
	}
	return nil
}

// finish returns when everything is written, or with the first error.
func (s *spool) finish() error {
	s.end()
	<-s.done
	s.drop()
	return s.err
}

func (s *spool) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.changed.Signal()
}

// drop removes the file. What is not written yet is lost.
func (s *spool) drop() {
	s.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory, s.bytes, s.from = nil, 0, s.to
	if s.file != nil {
		s.file.Close()
		if !s.unnamed {
			os.Remove(s.file.Name())
		}
		s.file = nil
	}
}

// run writes to the output until everything is written.
func (s *spool) run() {
	defer close(s.done)
	buffer := make([]byte, 256<<10)
	for {
		b, err := s.next(buffer)
		if b != nil && err == nil {
			_, err = s.out.Write(b)
		}
		if err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
		}
		if b == nil || err != nil {
			return
		}
	}
}

// next removes and returns what must be written next, or nil if that is all. It may use
// buffer.
func (s *spool) next(buffer []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.memory) == 0 && s.from == s.to && !s.ended {
		s.changed.Wait()
	}
	switch {
	case len(s.memory) > 0:
		b := s.memory[0]
		s.memory[0] = nil
		s.memory = s.memory[1:]
		s.bytes -= len(b)
		return b, nil
	case s.from == s.to:
		return nil, nil
	}
	b := buffer[:min(int64(len(buffer)), s.to-s.from)]
	if _, err := s.file.ReadAt(b, s.from); err != nil {
		return nil, fmt.Errorf("read the output that was kept: %w", err)
	}
	if s.from += int64(len(b)); s.from == s.to {
		s.from, s.to = 0, 0
		s.file.Truncate(0) // an error leaves the file longer than it must be
	}
	return b, nil
}
