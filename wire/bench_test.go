package wire

import (
	"io"
	"testing"
)

// benchData is a data frame with a body of about 64 KiB: messages of 100 bytes.
func benchData() Data {
	d := Data{Stamp: 3, Batch: batch(1_000_000)}
	for message := make([]byte, 100); len(d.Batch.Body) < 64<<10; {
		d.Batch.Append(message)
	}
	return d
}

func BenchmarkAppend(b *testing.B) {
	d := benchData()
	b.SetBytes(int64(len(d.Batch.Body)))
	var buf []byte
	for b.Loop() {
		buf = Append(buf[:0], d)
	}
}

func BenchmarkReadData(b *testing.B) { benchmarkRead(b, benchData()) }
func BenchmarkReadAck(b *testing.B)  { benchmarkRead(b, Ack{Arrived: 1_000_000, Received: 999_999}) }

func benchmarkRead(b *testing.B, f Frame) {
	frame := Append(nil, f)
	r := NewReader(&endless{frame: frame}, FrameMax)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Read(); err != nil {
			b.Fatal(err)
		}
	}
}

// endless gives one frame again and again.
type endless struct {
	frame []byte
	at    int
}

var _ io.Reader = (*endless)(nil)

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.frame[e.at:])
	e.at = (e.at + n) % len(e.frame)
	return n, nil
}
