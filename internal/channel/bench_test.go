package channel

import (
	"fmt"
	"testing"

	"chandy/wire"
)

// BenchmarkChannel measures a message from Send to Receive, without a network. It
// acknowledges as netnode does: 64 messages are sent in a row, and the receiver
// acknowledges after a quarter of the window. The sender takes the acknowledgement in
// the next round.
func BenchmarkChannel(b *testing.B) {
	for _, size := range []int{16, 128, 1 << 10} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			const inARow, window = 64, 1 << 20
			s, r := &Sender{Rule: Ahead}, &Receiver{Rule: Ahead, Window: window}
			if err := s.Resume(r.Acknowledge()); err != nil {
				b.Fatal(err)
			}
			payload := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			var at wire.Position
			b.ResetTimer()
			for sent := 0; sent < b.N; {
				for n := min(inARow, b.N-sent); n > 0; n-- {
					s.Send(payload)
					sent++
				}
				for _, d := s.Next(); d != nil; _, d = s.Next() {
					if _, err := r.Data(*d); err != nil {
						b.Fatal(err)
					}
				}
				for _, ok := r.Receive(); ok; _, ok = r.Receive() {
				}
				if _, unacknowledged := r.Unacknowledged(); unacknowledged >= window/4 {
					if err := s.Acknowledge(at); err != nil {
						b.Fatal(err)
					}
					at = r.Acknowledge()
				}
			}
			if r.Received() != uint64(b.N) {
				b.Fatalf("received %d of %d", r.Received(), b.N)
			}
		})
	}
}

// BenchmarkOutbox is what a recorder waits for while 64 MiB are in the outbox.
func BenchmarkOutbox(b *testing.B) {
	s := &Sender{Rule: Ahead}
	for range 64 << 10 {
		s.Send(make([]byte, 1<<10))
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Outbox()
	}
}
