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

// TestStream sends messages of all sizes, many more than the buffers hold, and
// looks at each that comes.
func TestStream(t *testing.T) {
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
			clear(c) // it took a copy
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
			t.Errorf("message %d has %d bytes, not the %d that were sent", n, len(b), len(sent[n]))
		}
		n++
	})
	far.Close()
	work.Wait()
	if err != nil || n != len(sent) {
		t.Errorf("%d messages of %d came: %v", n, len(sent), err)
	}
}

// TestStreamBroken has a reader that goes away: neither side waits for it.
func TestStreamBroken(t *testing.T) {
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

func TestReceiveTruncated(t *testing.T) {
	near, far := net.Pipe()
	go func() {
		near.Write([]byte{5, 'h', 'e'})
		near.Close()
	}()
	err := receive(far, func(b []byte) { t.Errorf("%q came", b) })
	if err == nil || !strings.HasPrefix(err.Error(), "read a message of 5 bytes: ") {
		t.Errorf("%v", err)
	}
}
