package bench

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// stream is the sender of the reference for a channel: messages with their lengths on a
// TCP connection, without sequence numbers, checksums, acknowledgements or
// retransmission. It fills one buffer while it writes another.
type stream struct {
	conn net.Conn

	mu      sync.Mutex
	changed *sync.Cond // with mu
	buffer  []byte     // encoded messages, not written yet
	ended   bool       // no more messages come
	err     error      // of the first write that failed
}

const (
	streamBuffer = 256 << 10 // bytes in a buffer beyond which send waits
	streamRead   = 256 << 10 // bytes of the receiver's buffer
)

// newStream returns a stream that writes to conn. The caller either runs writeLoop or calls
// flush after each message.
func newStream(conn net.Conn) *stream {
	s := &stream{conn: conn}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// send puts a copy of payload into the buffer. It waits while the buffer is full, unless
// writing has failed.
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

// flush writes the buffer at once. The stream must not run writeLoop.
func (s *stream) flush() error {
	_, err := s.conn.Write(s.buffer)
	s.buffer = s.buffer[:0]
	return err
}

// writeLoop writes messages in batches until end is called and all are written, or until
// a write fails.
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

// end makes writeLoop return when everything is written. The caller must not send any more.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.changed.Signal()
}

// frameLength returns the length of a message of n bytes on a stream.
func frameLength(n int) int { return len(binary.AppendUvarint(nil, uint64(n))) + n }

// receive calls f with every message until the connection ends. The slice is valid until
// f returns.
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
