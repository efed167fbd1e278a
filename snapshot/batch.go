package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// Batch is a run of consecutive messages of one channel: First, First+1 … It is
// what an outbox and an inbox hold, what a data frame carries and what is
// recorded, so that a message is copied once, when it is sent, and after that
// only referred to.
//
// Body holds for each message its length as an unsigned varint (encoding/binary),
// then its bytes. Bytes that were appended never change. Batches are values; a
// copy shares the body.
type Batch struct {
	First uint64
	Count int
	Body  []byte
}

// Last is the number of the last message; First-1 of an empty batch.
func (b Batch) Last() uint64 { return b.First + uint64(b.Count) - 1 }

// Append adds one message, a copy of payload, at the end.
func (b *Batch) Append(payload []byte) {
	b.Body = binary.AppendUvarint(b.Body, uint64(len(payload)))
	b.Body = append(b.Body, payload...)
	b.Count++
}

// All yields every message with its number. The payloads lie in the body: they
// may be kept, not changed.
func (b Batch) All() iter.Seq2[uint64, []byte] {
	return func(yield func(uint64, []byte) bool) {
		rest := b.Body
		for i := range b.Count {
			var payload []byte
			payload, rest = cutMessage(rest)
			if !yield(b.First+uint64(i), payload) {
				return
			}
		}
	}
}

// Next takes the first message off the batch, which must not be empty.
func (b *Batch) Next() []byte {
	payload, rest := cutMessage(b.Body)
	b.First, b.Count, b.Body = b.First+1, b.Count-1, rest
	return payload
}

// After is the batch without the messages up to and with number seq.
func (b Batch) After(seq uint64) Batch {
	if b.Count > 0 && b.Last() <= seq {
		return Batch{First: b.Last() + 1}
	}
	for b.Count > 0 && b.First <= seq {
		b.Next()
	}
	return b
}

// Through is the batch without the messages after number seq.
func (b Batch) Through(seq uint64) Batch {
	if b.Count == 0 || b.Last() <= seq {
		return b
	}
	rest := b
	for rest.Count > 0 && rest.First <= seq {
		rest.Next()
	}
	keep := len(b.Body) - len(rest.Body)
	return Batch{First: b.First, Count: b.Count - rest.Count, Body: b.Body[:keep:keep]}
}

// Check tells whether the body holds exactly Count messages, each of at most
// limit bytes and each length in its shortest form. What comes from a peer is
// checked once, on arrival; everything else here relies on it.
func (b Batch) Check(limit int) error {
	if b.Count < 0 {
		return fmt.Errorf("has %d messages", b.Count)
	}
	rest := b.Body
	for i := range b.Count {
		n, w := binary.Uvarint(rest)
		switch {
		case w <= 0:
			return fmt.Errorf("message %d of %d: no length", i+1, b.Count)
		case w > 1 && rest[w-1] == 0:
			return fmt.Errorf("message %d of %d: length is not in its shortest form", i+1, b.Count)
		case n > uint64(limit):
			return fmt.Errorf("message %d of %d has %d bytes, more than %d", i+1, b.Count, n, limit)
		case n > uint64(len(rest)-w):
			return fmt.Errorf("message %d of %d is cut off", i+1, b.Count)
		}
		rest = rest[w+int(n):]
	}
	if len(rest) > 0 {
		return errors.New("bytes after the last message")
	}
	return nil
}

func cutMessage(body []byte) (payload, rest []byte) {
	n, w := binary.Uvarint(body)
	end := w + int(n)
	return body[w:end:end], body[end:]
}
