package wire

import (
	"fmt"
	"io"
	"slices"
	"testing"

	"chandy/snapshot"
)

// benchData returns a data frame with a body of about 64 KiB: messages of 100 bytes.
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
func BenchmarkReadAck(b *testing.B) {
	benchmarkRead(b, Ack{Position{Arrived: 1_000_000, Received: 999_999}})
}

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

// endless is a stream that repeats one frame.
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

// BenchmarkReadLarge reads frames that do not fit into the buffers of a Reader.
func BenchmarkReadLarge(b *testing.B) {
	for _, size := range []int{ChunkMax, 1 << 20, MessageMax} {
		b.Run(fmt.Sprintf("%d KiB", size>>10), func(b *testing.B) { benchmarkRead(b, Request{Number: 1, Body: make([]byte, size)}) })
	}
}

// benchPieces returns the whole part of a process with channels to and from 31 others.
// Each end of a channel has the given number of recorded messages of 1 KiB.
func benchPieces(messages int) []snapshot.Piece {
	batch := snapshot.Batch{First: 1_000_000}
	for range messages {
		batch.Append(make([]byte, 1<<10))
	}
	recorded := snapshot.Recorded{Process: "p1", Incarnation: benchIncarnation, State: snapshot.State{Bytes: make([]byte, 100)}}
	pieces := []snapshot.Piece{recorded}
	for i := range 31 {
		peer := snapshot.ProcessID(fmt.Sprintf("p%d", i+2))
		recorded.Sent = append(recorded.Sent, snapshot.Count{Peer: peer, N: 1_000_000})
		recorded.Received = append(recorded.Received, snapshot.Count{Peer: peer, N: 1_000_000})
		for _, outgoing := range []bool{true, false} {
			c := snapshot.Closed{Process: "p1", Incarnation: benchIncarnation, Outgoing: outgoing, Peer: benchIncarnation}
			if c.Channel = (snapshot.Channel{From: peer, To: "p1"}); outgoing {
				c.Channel = snapshot.Channel{From: "p1", To: peer}
			}
			if messages > 0 {
				c.Messages = []snapshot.Batch{batch}
			}
			pieces = append(pieces, c)
		}
	}
	pieces[0] = recorded
	return pieces
}

const benchIncarnation = snapshot.Incarnation(goldenID)

func BenchmarkSection(b *testing.B) {
	for _, messages := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("%d messages", messages), func(b *testing.B) {
			pieces := benchPieces(messages)
			b.ReportAllocs()
			for b.Loop() {
				Section("p1", benchIncarnation, pieces)
			}
		})
	}
}

func BenchmarkDecodeSection(b *testing.B) {
	for _, messages := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("%d messages", messages), func(b *testing.B) {
			pieces := benchPieces(messages)
			section := slices.Concat(Section("p1", benchIncarnation, pieces)...)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeSection("p1", benchIncarnation, [][]byte{section}, len(pieces)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
