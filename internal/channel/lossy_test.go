package channel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"chandy/internal/explore"
	"chandy/snapshot"
	"chandy/wire"
)

// lossy drives one channel through connections that end at random moments and lose
// any tail of what is in flight, in both directions.
type lossy struct {
	*rand.Rand
	Sender
	Receiver
	forth  []any // Data and Marker
	back   []wire.Position
	sizes  []int    // of the messages sent
	stamps []uint64 // markers issued before them
	issued []uint64 // Sent of every marker
	cuts   int
	total  int    // messages to send
	resent uint64 // messages

	out, in  *cutHalf // of the cut that is recorded; in is nil until the receiver has recorded
	restores int
	// capturing is set from the marker until the receiver records. That takes time, in which
	// messages arrive that the sender sent after the marker.
	capturing bool
}

// cutHalf is one end of the channel in a recorded cut.
type cutHalf struct {
	ordinal  uint64 // of the marker
	count    uint64 // acked at the sender, received at the receiver
	messages []snapshot.Batch
	sent     uint64 // messages sent before the marker
	bytes    uint64 // of messages 1 … sent, or 1 … received
}

// TestLossyConnections sends 30,000 messages of random sizes, up to many windows,
// with markers between them. No message may be lost, doubled, altered or reordered. Now and
// then both ends go back to the last cut, as fresh halves.
func TestLossyConnections(t *testing.T) {
	total := 30_000
	if testing.Short() || explore.Race {
		total = 10_000
	}
	for _, rule := range []Rule{InOrder, Ahead} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("rule %d, seed %d", rule, seed), func(t *testing.T) {
				t.Parallel()
				l := &lossy{
					Rand: rand.New(rand.NewPCG(seed, uint64(rule))), Sender: Sender{Rule: rule},
					Receiver: Receiver{Rule: rule, Window: 1 << (8 + 4*seed)}, total: total,
				}
				if err := l.run(); err != nil {
					t.Fatalf("seed %d, rule %d, after %d cuts: %v", seed, rule, l.cuts, err)
				}
				if l.restores < total/10_000 {
					t.Errorf("seed %d: %d restores, want at least %d", seed, l.restores, total/10_000)
				}
				t.Logf("%d messages, %d markers, %d connections, %d messages sent again, %d restores", total, len(l.issued), l.cuts+1, l.resent, l.restores)
			})
		}
	}
}

func (l *lossy) run() error {
	if err := l.resume(); err != nil {
		return err
	}
	for steps := 0; int(l.Received()) < l.total || l.Acked() < l.Sent() || l.markerAcked < l.markerSent; steps++ {
		if steps > 40*l.total {
			return fmt.Errorf("after %d steps %d messages are received, want %d", steps, l.Received(), l.total)
		}
		if err := l.step(); err != nil {
			return err
		}
	}
	if l.Sender.Bytes() != 0 || len(l.outbox) != 0 || len(l.markers) != 0 || len(l.inbox) > 0 {
		return fmt.Errorf("in the end the outbox holds %d bytes in %d segments and %d markers, the inbox %d batches, want all empty", l.Sender.Bytes(), len(l.outbox), len(l.markers), len(l.inbox))
	}
	return nil
}

func (l *lossy) step() error {
	switch n := l.IntN(1000); {
	case n < 400:
		for range l.IntN(20) {
			l.send()
		}
	case n < 410 && len(l.sizes) < l.total:
		acked, unacked := l.Outbox()
		l.Mark(snapshot.Marker{Sent: l.Sent(), Acked: acked})
		l.issued = append(l.issued, l.Sent())
		if l.out == nil || l.in != nil && l.IntN(2) == 0 {
			l.out, l.in = &cutHalf{uint64(len(l.issued)), acked, unacked, l.Sent(), l.SentBytes()}, nil
		}
	case n < 600:
		l.write(l.IntN(5))
	case n < 750:
		return l.deliver(1 + l.IntN(4))
	case n < 900:
		return l.receive(l.IntN(40))
	case n < 960:
		l.back = append(l.back, l.Receiver.Acknowledge())
	case n < 990:
		return l.answer(1 + l.IntN(2))
	case n < 997 && l.capturing:
		l.capturing = false
		l.in = &cutHalf{l.out.ordinal, l.Received(), through(l.Inbox(), l.out.sent), l.out.sent, l.ReceivedBytes()}
	case n < 998 && l.in != nil:
		return l.restore()
	default:
		return l.cut()
	}
	return nil
}

// content returns message seq. Its bytes depend on seq.
func (l *lossy) content(seq uint64) []byte {
	return bytes.Repeat([]byte{byte(seq), byte(seq >> 8), byte(seq >> 16)}, 1+l.sizes[seq-1]/3)[:l.sizes[seq-1]]
}

func (l *lossy) send() {
	if len(l.sizes) == l.total {
		return
	}
	size := l.IntN(200)
	switch l.IntN(500) {
	case 0:
		size = l.IntN(3 * segmentMax)
	case 1:
		size = 0
	}
	l.sizes, l.stamps = append(l.sizes, size), append(l.stamps, uint64(len(l.issued)))
	l.Send(l.content(uint64(len(l.sizes))))
}

func (l *lossy) write(n int) {
	for range n {
		marker, data := l.Next()
		switch {
		case marker != nil:
			l.forth = append(l.forth, *marker)
		case data != nil:
			data.Body = bytes.Clone(data.Body)
			l.forth = append(l.forth, *data)
		}
	}
}

func (l *lossy) deliver(n int) error {
	for ; n > 0 && len(l.forth) > 0; n-- {
		f := l.forth[0]
		l.forth = l.forth[1:]
		switch f := f.(type) {
		case wire.Data:
			if err := f.Check(1 << 24); err != nil {
				return err
			}
			if _, err := l.Data(f); err != nil {
				return err
			}
		case Marker:
			arrived, before := l.Arrived(), l.marker
			fresh, err := l.Receiver.Marker(f)
			switch {
			case err != nil:
				return err
			case !fresh || f.Ordinal != before+1 || f.Sent != l.issued[before]:
				return fmt.Errorf("marker %d after message %d, new %v, want marker %d after message %d, new", f.Ordinal, f.Sent, fresh, before+1, l.issued[before])
			case l.Receiver.Rule == InOrder && arrived != f.Sent:
				return fmt.Errorf("marker %d arrived after message %d, want after %d", f.Ordinal, arrived, f.Sent)
			}
			if l.out != nil && l.out.ordinal == f.Ordinal {
				l.capturing = true
			}
		}
	}
	return nil
}

func (l *lossy) receive(n int) error {
	for range n {
		if l.capturing {
			return nil
		}
		payload, ok := l.Receive()
		if !ok {
			return nil
		}
		seq := l.Received()
		if want := l.content(seq); !bytes.Equal(payload, want) {
			return fmt.Errorf("message %d has %d bytes, want the %d bytes that were sent", seq, len(payload), len(want))
		}
		if l.stamps[seq-1] > l.marker {
			return fmt.Errorf("message %d was received after marker %d, want marker %d first", seq, l.marker, l.stamps[seq-1])
		}
	}
	return nil
}

func (l *lossy) answer(n int) error {
	for ; n > 0 && len(l.back) > 0; n-- {
		if err := l.Sender.Acknowledge(l.back[0]); err != nil {
			return err
		}
		l.back = l.back[1:]
	}
	return nil
}

// cut lets some of what is in flight arrive and loses the rest.
func (l *lossy) cut() error {
	if err := l.deliver(l.IntN(len(l.forth) + 1)); err != nil {
		return err
	}
	if err := l.answer(l.IntN(len(l.back) + 1)); err != nil {
		return err
	}
	l.forth, l.back = nil, nil
	l.cuts++
	l.Disconnect()
	for range l.IntN(30) { // the programs go on meanwhile
		l.send()
		if err := l.receive(1); err != nil {
			return err
		}
	}
	return l.resume()
}

func (l *lossy) resume() error {
	err := l.Resume(l.Receiver.Acknowledge())
	l.resent += l.Resent()
	return err
}

// through returns the messages of batches up to message seq.
func through(batches []snapshot.Batch, seq uint64) (kept []snapshot.Batch) {
	for _, b := range batches {
		if b.First <= seq {
			kept = append(kept, b.Through(seq))
		}
	}
	return kept
}

// restore goes back to the cut. What was sent after it never was.
func (l *lossy) restore() error {
	l.restores++
	l.Sender = Sender{Rule: l.Sender.Rule}
	l.Receiver = Receiver{Rule: l.Receiver.Rule, Window: l.Receiver.Window}
	l.Sender.Refill(l.out.count, l.out.messages, l.out.bytes)
	l.Receiver.Refill(l.in.count, l.in.messages, l.in.bytes)
	if l.Sent() != l.out.sent {
		return fmt.Errorf("restored: %d messages sent, want %d", l.Sent(), l.out.sent)
	}
	l.forth, l.back, l.issued = nil, nil, nil
	l.sizes, l.stamps = l.sizes[:l.Sent()], make([]uint64, l.Sent())
	l.out, l.in, l.capturing = nil, nil, false
	return l.resume()
}
