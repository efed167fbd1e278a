package store

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

func TestPipelineWritesEverythingInOrder(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		want := make([]byte, random.IntN(8*pipelineBuffer))
		for i := range want {
			want[i] = byte(random.Uint32())
		}
		var got bytes.Buffer
		p := newPipeline(&got)
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(pipelineBuffer))
			if _, err := p.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := p.Close(); err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("seed %d: got %v and %d bytes, want the %d bytes that were written", seed, err, got.Len(), len(want))
		}
	}
}

// failAfter is a writer that fails after some bytes.
type failAfter struct{ left int }

var errFull = errors.New("full")

func (w *failAfter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestPipelineReturnsTheErrorOfTheWriter(t *testing.T) {
	for buffers := range 8 {
		p := newPipeline(&failAfter{buffers*pipelineBuffer + 1})
		piece := make([]byte, 10_000)
		var err error
		written := 0
		for ; err == nil && written < 20*pipelineBuffer; written += len(piece) {
			_, err = p.Write(piece)
		}
		if closeErr := p.Close(); err == nil || closeErr != errFull {
			t.Errorf("full after %d buffers: got %v after %d bytes, and %v from Close, want %v", buffers, err, written, closeErr, errFull)
		}
	}
}

// TestPipelineReturnsAnErrorThatComesAtTheEnd: no Write comes after the one that fails.
func TestPipelineReturnsAnErrorThatComesAtTheEnd(t *testing.T) {
	for _, length := range []int{1, pipelineBuffer, 2 * pipelineBuffer, 2*pipelineBuffer + 1} {
		p := newPipeline(&failAfter{length - 1})
		_, err := p.Write(make([]byte, length))
		if closeErr := p.Close(); err != nil || closeErr != errFull {
			t.Errorf("%d bytes: got %v, and %v from Close, want %v from Close", length, err, closeErr, errFull)
		}
	}
}
