package bench

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// stream is the reference of a channel: messages with their lengths on a TCP
// connection, without numbers, checksums, acknowledgements or a second try. What
// is sent comes together in one buffer while another is written.
type stream struct {
	conn net.Conn

	mu      sync.Mutex
	changed *sync.Cond // with mu
	buffer  []byte
	ended   bool
	err     error
}

const (
	streamBuffer = 256 << 10 // of each of the two
	streamRead   = 256 << 10
)

// newStream writes what is sent on conn until close.
func newStream(conn net.Conn) *stream {
	s := &stream{conn: conn}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// send takes a copy of payload; it waits while the buffer is full.
func (s *stream) send(payload []byte) {
	s.mu.Lock()
	for len(s.buffer) > streamBuffer && s.err == nil {
		s.changed.Wait()
	}
	if len(s.buffer) == 0 {
		s.changed.Signal()
	}
	s.buffer = append(binary.AppendUvarint(s.buffer, uint64(len(payload))), payload...)
	s.mu.Unlock()
}

// flush writes what was sent at once. It is for a stream without writeLoop.
func (s *stream) flush() error {
	_, err := s.conn.Write(s.buffer)
	s.buffer = s.buffer[:0]
	return err
}

// writeLoop writes what is sent, in batches, until end.
func (s *stream) writeLoop() {
	var spare []byte
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil {
		for len(s.buffer) == 0 && !s.ended {
			s.changed.Wait()
		}
		if len(s.buffer) == 0 {
			return
		}
		batch := s.buffer
		s.buffer = spare[:0]
		s.changed.Signal()
		s.mu.Unlock()
		_, err := s.conn.Write(batch)
		spare = batch
		s.mu.Lock()
		s.err = err
	}
	s.changed.Signal()
}

// end lets writeLoop return when everything is written.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.changed.Signal()
}

// frameLength returns the length of a message of n bytes on a stream.
func frameLength(n int) int { return len(binary.AppendUvarint(nil, uint64(n))) + n }

// receive calls f with every message until the connection ends.
func receive(conn net.Conn, f func([]byte)) error {
	r := bufio.NewReaderSize(conn, streamRead)
	for {
		n, err := binary.ReadUvarint(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a message: %w", err)
		}
		payload, err := r.Peek(int(n))
		if err != nil {
			return fmt.Errorf("read a message of %d bytes: %w", n, err)
		}
		f(payload)
		r.Discard(int(n))
	}
}
