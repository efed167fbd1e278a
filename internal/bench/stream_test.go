package bench

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
)

// TestStreamKeepsMessages sends messages of all sizes, many more than the buffers hold, and
// compares each that arrives.
func TestStreamKeepsMessages(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var sent [][]byte
	for _, size := range []int{0, 1, 127, 128, 16 << 10, streamRead - 3} {
		sent = append(sent, bytes.Repeat([]byte{byte(size)}, size))
	}
	for range 2000 {
		b := make([]byte, random.IntN(4<<10))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		sent = append(sent, b)
	}
	near, far := net.Pipe()
	defer near.Close()
	s := newStream(near)
	var work sync.WaitGroup
	work.Go(func() {
		for _, b := range sent {
			c := bytes.Clone(b)
			s.send(c)
			clear(c) // send must have made a copy
		}
		s.end()
	})
	work.Go(func() {
		s.writeLoop()
		near.Close()
	})
	n := 0
	err := receive(far, func(b []byte) {
		if n < len(sent) && !bytes.Equal(b, sent[n]) {
			t.Errorf("message %d: got %d bytes that differ, want the %d that were sent", n, len(b), len(sent[n]))
		}
		n++
	})
	far.Close()
	work.Wait()
	if err != nil || n != len(sent) {
		t.Errorf("messages: got %d (error: %v), want %d", n, err, len(sent))
	}
}

// TestBrokenStreamDoesNotBlock has a receiver that goes away. Neither send nor writeLoop
// must wait for it.
func TestBrokenStreamDoesNotBlock(t *testing.T) {
	near, far := net.Pipe()
	s := newStream(near)
	var writer sync.WaitGroup
	writer.Go(s.writeLoop)
	s.send([]byte("first"))
	if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	far.Close()
	for range 100 {
		s.send(make([]byte, streamBuffer/10))
	}
	writer.Wait()
}

func TestReceiveReportsATruncatedMessage(t *testing.T) {
	near, far := net.Pipe()
	go func() {
		near.Write([]byte{5, 'h', 'e'})
		near.Close()
	}()
	err := receive(far, func(b []byte) { t.Errorf("message: got %q, want none", b) })
	if want := "read a message of 5 bytes: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error: got %v, want one that begins with %q", err, want)
	}
}
