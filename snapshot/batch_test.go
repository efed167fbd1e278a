package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var errTest = errors.New("test")

func TestBatch(t *testing.T) {
	b := batch(5, "a", "", "ccc")
	if got := b.String(); got != "5:a 6: 7:ccc" || b.Last() != 7 {
		t.Errorf("batch %q, last %d, want 5:a 6: 7:ccc and 7", got, b.Last())
	}
	if want := []byte("\x01a\x00\x03ccc"); !bytes.Equal(b.Body, want) {
		t.Errorf("body %q, want %q", b.Body, want)
	}
	for seq := range b.All() {
		if seq == 6 {
			break // an early end is allowed
		}
	}
	rest := b
	if got := rest.Next(); string(got) != "a" || rest.String() != "6: 7:ccc" || b.Count != 3 {
		t.Errorf("Next = %q, rest %q, batch %q, want a, 6: 7:ccc and no change", got, rest, b)
	}
	if empty := (Batch{First: 5}); empty.Last() != 4 || empty.String() != "" {
		t.Errorf("an empty batch is %q, last %d, want nothing and 4", empty, empty.Last())
	}
}

func TestBatchAfterAndThrough(t *testing.T) {
	var texts []string
	for n := 3; n <= 6; n++ {
		texts = append(texts, fmt.Sprint("m", n))
	}
	whole := batch(3, texts...)
	for after := uint64(0); after <= 8; after++ {
		for through := uint64(0); through <= 8; through++ {
			var want []string
			for n := max(3, after+1); n <= min(6, through); n++ {
				want = append(want, fmt.Sprintf("%d:m%d", n, n))
			}
			for _, got := range []Batch{whole.After(after).Through(through), whole.Through(through).After(after)} {
				if !slices.Equal(numbered(got), want) || got.Check(2) != nil {
					t.Errorf("after %d through %d: %q, want %q", after, through, numbered(got), want)
				}
			}
		}
	}
	if got, want := whole.String(), "3:m3 4:m4 5:m5 6:m6"; got != want {
		t.Errorf("the batch changed to %q, want %q", got, want)
	}
}

// numbered lists the messages with their numbers.
func numbered(b Batch) (all []string) {
	for seq, payload := range b.All() {
		all = append(all, fmt.Sprintf("%d:%s", seq, payload))
	}
	return all
}

// TestBatchPartsAreCapped checks that appending to a part of a batch, or to a payload
// from it, does not change the batch.
func TestBatchPartsAreCapped(t *testing.T) {
	b := batch(1, "a", "b", "c")
	first := b.Through(1)
	first.Append([]byte("X"))
	rest := b
	payload := rest.Next()
	_ = append(payload, "YYYY"...)
	if b.String() != "1:a 2:b 3:c" || rest.String() != "2:b 3:c" || first.String() != "1:a 2:X" {
		t.Errorf("batch %q, rest %q, first %q, want 1:a 2:b 3:c, 2:b 3:c and 1:a 2:X", b, rest, first)
	}
}

func TestBatchAppendCopies(t *testing.T) {
	payload := []byte("a")
	b := Batch{First: 1}
	b.Append(payload)
	payload[0] = 'x'
	if b.String() != "1:a" {
		t.Errorf("batch %q, want 1:a", b)
	}
}

func TestBatchCheck(t *testing.T) {
	for _, test := range []struct {
		count int
		body  string
		err   string
	}{
		{0, "", ""},
		{2, "\x01a\x00", ""},
		{1, "\x04abcd", ""},
		{1, "\x05abcde", "message 1 of 1 has 5 bytes, more than 4"},
		{1, "", "message 1 of 1: no length"},
		{2, "\x01a", "message 2 of 2: no length"},
		{1, "\x80", "message 1 of 1: no length"},
		{1, "\x80\x00", "message 1 of 1: length is not in its shortest form"},
		{1, "\x81\x00a", "message 1 of 1: length is not in its shortest form"},
		{1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "message 1 of 1: no length"},
		{1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "message 1 of 1 has 18446744073709551615 bytes, more than 4"},
		{1, "\x02a", "message 1 of 1 is cut off"},
		{1, "\x01ab", "bytes after the last message"},
		{0, "\x00", "bytes after the last message"},
		{math.MaxInt, "\x00", "message 2 of 9223372036854775807: no length"},
		{-1, "", "has -1 messages"},
	} {
		err := Batch{First: 1, Count: test.count, Body: []byte(test.body)}.Check(4)
		if got := fmt.Sprint(err); err != nil && got != test.err || err == nil && test.err != "" {
			t.Errorf("%d messages in %q: %v, want %q", test.count, test.body, err, test.err)
		}
	}
}

// FuzzBatch makes batches of bodies that could come from a peer. A body that Check
// accepts has exactly one reading: its messages, appended again, make the same bytes,
// and it can be cut anywhere.
func FuzzBatch(f *testing.F) {
	f.Add(0, []byte(nil))
	f.Add(3, []byte("\x01a\x00\x03ccc"))
	f.Add(1, []byte("\x80\x00"))
	f.Add(1, append(binary.AppendUvarint(nil, 200), make([]byte, 200)...))
	f.Add(-1, []byte(nil))
	f.Add(1, []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, count int, body []byte) {
		const first, limit = 10, 300
		b := Batch{First: first, Count: count, Body: body}
		if b.Check(limit) != nil {
			return
		}
		again := Batch{First: first}
		for seq, payload := range b.All() {
			if seq != first+uint64(again.Count) || len(payload) > limit {
				t.Fatalf("message %d has %d bytes, want message %d of at most %d bytes", seq, len(payload), first+again.Count, limit)
			}
			again.Append(payload)
		}
		if again.Count != count || !bytes.Equal(again.Body, body) {
			t.Fatalf("appended again: %d messages in %q, want %d in %q", again.Count, again.Body, count, body)
		}
		for seq := uint64(first - 1); seq <= b.Last(); seq++ {
			head, tail := b.Through(seq), b.After(seq)
			if head.Count+tail.Count != count || !bytes.Equal(slices.Concat(head.Body, tail.Body), body) || head.Check(limit) != nil || tail.Check(limit) != nil {
				t.Fatalf("cut after %d: %q and %q, want two valid parts of %q", seq, head.Body, tail.Body, body)
			}
		}
	})
}

func TestBatchOfRandomMessages(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 2))
		var want [][]byte
		b := Batch{First: 1}
		for range random.IntN(20) {
			payload := make([]byte, random.IntN(300))
			for i := range payload {
				payload[i] = byte(random.Uint32())
			}
			want = append(want, payload)
			b.Append(payload)
		}
		var got [][]byte
		for _, payload := range b.All() {
			got = append(got, payload)
		}
		if !slices.EqualFunc(got, want, bytes.Equal) || b.Check(300) != nil {
			t.Fatalf("seed %d: %q, want %q", seed, got, want)
		}
	}
}
