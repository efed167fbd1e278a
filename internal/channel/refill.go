package channel

import "chandy/snapshot"

// SentBytes returns the bytes of messages 1 … sent, as they count for credit.
func (s *Sender) SentBytes() uint64 {
	if n := len(s.outbox); n > 0 {
		return s.outbox[n-1].start + uint64(len(s.outbox[n-1].Body))
	}
	return s.offset
}

// ReceivedBytes returns the bytes of messages 1 … received, as they count for credit.
func (r *Receiver) ReceivedBytes() uint64 { return r.receivedBytes }

// Refill makes a fresh sender one that has sent messages 1 … acked+len(unacked), of which
// unacked were not acknowledged, and sentBytes bytes in all. Ordinals and stamps begin at 0:
// the markers of an earlier epoch mean nothing, and a message with an old stamp would wait
// for its marker without end. The numbers of messages and bytes go on, so both halves of a cut
// fit each other again. The messages are copied.
func (s *Sender) Refill(acked uint64, unacked []snapshot.Batch, sentBytes uint64) {
	s.sent, s.acked, s.written, s.offset = acked, acked, acked, sentBytes
	for _, b := range unacked {
		s.offset -= uint64(len(b.Body))
	}
	for _, b := range unacked {
		for _, payload := range b.All() {
			s.Send(payload)
		}
	}
}

// Refill makes a fresh receiver one whose program has received messages 1 … received, with
// receivedBytes bytes, and in whose inbox are the messages after them. The messages are
// copied.
func (r *Receiver) Refill(received uint64, messages []snapshot.Batch, receivedBytes uint64) {
	r.received, r.arrived = received, received
	r.receivedBytes, r.arrivedBytes = receivedBytes, receivedBytes
	for _, b := range messages {
		if b.Count > 0 {
			r.arrived = r.add(b, 0).Last()
			r.arrivedBytes += uint64(len(b.Body))
		}
	}
}
