package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// gated is an output that waits in each write until it may go on.
type gated struct {
	bytes.Buffer
	may chan struct{}
	err error
}

func (w *gated) Write(b []byte) (int, error) {
	<-w.may
	if w.err != nil {
		return 0, w.err
	}
	return w.Buffer.Write(b)
}

// temporary makes an empty directory the place of temporary files. It returns a function
// that lists them.
func temporary(t *testing.T) func() []string {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return func() (names []string) {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			names = append(names, f.Name())
		}
		return names
	}
}

// A spool takes everything while its output stands still, and the output gets it in order.
// The file that it takes has no name.
func TestSpoolTakesAllAtOnce(t *testing.T) {
	files := temporary(t)
	out := &gated{may: make(chan struct{})}
	s := newSpool(out, 1000)
	want := strings.Repeat("0123456789", 100_000)
	for i := 0; i < len(want); i += 100 {
		if _, err := io.WriteString(s, want[i:i+100]); err != nil {
			t.Fatal(err)
		}
	}
	s.mu.Lock()
	inMemory, inFile, names := s.bytes, s.to-s.from, files()
	s.mu.Unlock()
	if inMemory > 1000 || inFile < int64(len(want)-2000) || len(names) > 0 {
		t.Errorf("got %d bytes in memory, %d in the file, and the names %q; want at most 1000, all others, and no name", inMemory, inFile, names)
	}
	close(out.may)
	if err := s.finish(); err != nil || out.String() != want {
		t.Errorf("got %d bytes and error %v, want %d", out.Len(), err, len(want))
	}
	if s.file != nil {
		t.Error("after the end: got a file, want none")
	}
}

// Whatever the paces of both sides, the output gets the bytes in order, and an emptied file
// is used again from its beginning.
func TestSpoolKeepsTheOrder(t *testing.T) {
	temporary(t)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for range 30 {
		out := &gated{may: make(chan struct{})}
		s := newSpool(out, random.IntN(3000))
		go func() {
			for n := range 400 {
				if n%7 == 0 {
					time.Sleep(time.Microsecond)
				}
				out.may <- struct{}{}
			}
			close(out.may)
		}()
		var want bytes.Buffer
		for range random.IntN(300) {
			b := make([]byte, random.IntN(900))
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			want.Write(b)
			s.Write(b)
			clear(b) // the spool must have a copy
		}
		if err := s.finish(); err != nil || !bytes.Equal(out.Bytes(), want.Bytes()) {
			t.Fatalf("seed %d: got %d bytes and error %v, want the %d that were written", seed, out.Len(), err, want.Len())
		}
	}
}

// An error of the output reaches the writer, and finish.
func TestSpoolFailsWithItsOutput(t *testing.T) {
	out := &gated{may: make(chan struct{}), err: errors.New("gone")}
	close(out.may)
	s := newSpool(out, 1000)
	s.Write([]byte("x"))
	<-s.done
	_, err := s.Write([]byte("x"))
	if finished := s.finish(); err != out.err || finished != out.err {
		t.Errorf("got the errors %v and %v, want %v twice", err, finished, out.err)
	}
}

// Without room for a file, the writer learns what failed.
func TestSpoolNamesItsFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/none")
	out := &gated{may: make(chan struct{})}
	s := newSpool(out, 10)
	_, err := s.Write(make([]byte, 11))
	if err == nil || !strings.Contains(err.Error(), "keep the output until it is read: open ") {
		t.Errorf("got error %v, want one about the file", err)
	}
	s.drop()
}

// Ctrl-C ends the wait for a reader, and leaves no file.
func TestCtrlCEndsTheWaitForTheReader(t *testing.T) {
	files := temporary(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := &gated{may: make(chan struct{})}
	s := newSpool(out, 10)
	s.Write(make([]byte, 1000))
	cancel()
	err := printed(ctx, s)
	s.drop()
	if err != context.Canceled || len(files()) > 0 {
		t.Errorf("got error %v and the files %q, want %v and none", err, files(), context.Canceled)
	}
	close(out.may)
	<-s.done
}
