package channel

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// messages returns the messages first … last, each of one byte.
func messages(first, last, stamp uint64) wire.Data {
	b := snapshot.Batch{First: first}
	for seq := first; seq <= last; seq++ {
		b.Append([]byte{byte(seq)})
	}
	return wire.Data{Stamp: stamp, Batch: b}
}

// welcomed returns a receiver that has sent its welcome.
func welcomed(rule Rule, window int) *Receiver {
	r := &Receiver{Rule: rule, Window: window}
	r.Acknowledge()
	return r
}

func TestReceiverNumbers(t *testing.T) {
	r := welcomed(Ahead, 100)
	for _, step := range []struct {
		first, last, stamp uint64
		fresh              int
		err                string
	}{
		{2, 2, 0, 0, "message 2 came after 0"},
		{1, 2, 0, 2, ""},
		{1, 2, 0, 0, ""}, // duplicates
		{2, 4, 0, 2, ""}, // begins with one
		{6, 6, 0, 0, "message 6 came after 4"},
		{5, 5, 1, 0, "message 5 was sent after marker 1, but marker 0 is the last that came"},
		{1, 1, 9, 0, ""}, // the stamp of a duplicate is ignored
	} {
		before := string(appendReceiver(nil, r))
		fresh, err := r.Data(messages(step.first, step.last, step.stamp))
		switch {
		case err != nil && err.Error() != step.err, err == nil && step.err != "":
			t.Errorf("messages %d to %d: got error %v, want %q", step.first, step.last, err, step.err)
		case err != nil && string(appendReceiver(nil, r)) != before:
			t.Errorf("messages %d to %d were refused and changed the receiver to %+v, want no change", step.first, step.last, r)
		case err == nil && fresh.Count != step.fresh:
			t.Errorf("messages %d to %d: %d are new, want %d", step.first, step.last, fresh.Count, step.fresh)
		}
	}
	if r.Duplicates() != 4 || r.Arrived() != 4 || r.Waiting() != 4 || r.Received() != 0 {
		t.Errorf("duplicates %d, arrived %d, waiting %d, received %d, want 4, 4, 4, 0", r.Duplicates(), r.Arrived(), r.Waiting(), r.Received())
	}
	for seq := byte(1); seq <= 4; seq++ {
		if got, ok := r.Receive(); !ok || !bytes.Equal(got, []byte{seq}) {
			t.Errorf("Receive = %v, %v, want message %d", got, ok, seq)
		}
	}
	if got, ok := r.Receive(); ok || len(r.inbox) > 0 {
		t.Errorf("Receive = %v, %v, %d segments, want nothing left", got, ok, len(r.inbox))
	}
}

// TestReceiverWindow checks that a message is refused if it begins at the advertised
// credit or beyond it, whatever its length. Credit that was not advertised does not
// count.
func TestReceiverWindow(t *testing.T) {
	r := welcomed(Ahead, 4)
	if _, err := r.Data(messages(1, 3, 0)); err == nil || err.Error() != "message 3 is beyond the window" {
		t.Errorf("three messages: got error %v, want message 3 refused", err)
	}
	if _, err := r.Data(messages(1, 1, 0)); err != nil {
		t.Errorf("message 1: got error %v, want none", err)
	}
	large := snapshot.Batch{First: 2}
	large.Append(make([]byte, 1000))
	if _, err := r.Data(wire.Data{Batch: large}); err != nil {
		t.Errorf("a message that begins below the credit: got error %v, want none", err)
	}
	r.Receive()
	r.Receive()
	if _, err := r.Data(messages(3, 3, 0)); err == nil {
		t.Error("a message beyond the advertised credit is accepted, want it refused")
	}
	want := wire.Position{Arrived: 2, Received: 2, Credit: 2 + 1002 + 4}
	if got := r.Acknowledge(); got != want {
		t.Errorf("Acknowledge = %+v, want %+v", got, want)
	}
	if _, err := r.Data(messages(2, 4, 0)); err != nil {
		t.Errorf("messages within the new credit: got error %v, want none", err)
	}
	if _, err := (&Receiver{Window: 100}).Data(messages(1, 1, 0)); err == nil {
		t.Error("data before the first advertised position is accepted, want it refused")
	}
}

func TestReceiverMarkers(t *testing.T) {
	marker := func(ordinal, sent, acked uint64) Marker {
		return Marker{snapshot.Marker{Sent: sent, Acked: acked}, ordinal}
	}
	for _, test := range []struct {
		name                string
		rule                Rule
		arrived, advertised uint64
		marker              Marker
		err                 string
	}{
		{"ahead of data", Ahead, 1, 1, marker(1, 5, 1), ""},
		{"in its place", InOrder, 2, 0, marker(1, 2, 2), ""},
		{"before its data", InOrder, 1, 0, marker(1, 2, 2), "marker 1 stands after message 2 but came after 1"},
		{"after its place", Ahead, 3, 0, marker(1, 2, 0), "marker 1 stands after message 2 but came after 3"},
		{"a gap", Ahead, 0, 0, marker(2, 0, 0), "marker 2 came after 0"},
		{"more acknowledged than was", Ahead, 2, 1, marker(1, 2, 2), "marker 1 says that message 2 was acknowledged, but only 1 was"},
	} {
		r := welcomed(test.rule, 100)
		for seq := uint64(1); seq <= test.arrived; seq++ {
			r.Data(messages(seq, seq, 0))
			if seq == test.advertised {
				r.Acknowledge()
			}
		}
		before := string(appendReceiver(nil, r))
		fresh, err := r.Marker(test.marker)
		switch {
		case fresh != (err == nil), err != nil && err.Error() != test.err, err == nil && test.err != "":
			t.Errorf("%s: Marker = %v, %v, want error %q", test.name, fresh, err, test.err)
		case err != nil && string(appendReceiver(nil, r)) != before:
			t.Errorf("%s: refused, and the receiver changed to %+v, want no change", test.name, r)
		case err == nil:
			if fresh, err := r.Marker(test.marker); fresh || err != nil {
				t.Errorf("%s: Marker again = %v, %v, want false, nil", test.name, fresh, err)
			}
		}
	}
}

// TestReceiveWaitsForMarkers checks that a message waits for the markers before it,
// even if its data is in the inbox already, as from a sender with the other rule.
func TestReceiveWaitsForMarkers(t *testing.T) {
	r := welcomed(Ahead, 100)
	r.Data(messages(1, 1, 0))
	r.inbox = append(r.inbox, segment{Batch: messages(2, 2, 1).Batch, stamp: 1})
	r.arrived = 2
	if _, ok := r.Receive(); !ok {
		t.Error("message 1 is not received, want it received before marker 1")
	}
	if _, ok := r.Receive(); ok {
		t.Error("message 2 is received before marker 1, want it to wait")
	}
	if _, err := r.Marker(Marker{snapshot.Marker{Sent: 2}, 1}); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Receive(); !ok {
		t.Error("message 2 is not received after marker 1, want it received")
	}
}

// TestUnacknowledged checks that Unacknowledged returns the larger of the bytes that
// arrived and the credit that was freed.
func TestUnacknowledged(t *testing.T) {
	r := &Receiver{Rule: Ahead, Window: 100}
	want := func(any bool, n int) {
		t.Helper()
		if gotAny, got := r.Unacknowledged(); gotAny != any || gotAny && got != n {
			t.Errorf("Unacknowledged = %v, %d, want %v, %d", gotAny, got, any, n)
		}
	}
	want(false, 0)
	r.Acknowledge()
	r.Data(messages(1, 3, 0))
	want(true, 6)
	r.Receive()
	want(true, 6)
	r.Acknowledge()
	want(false, 0)
	r.Receive()
	r.Receive()
	want(true, 4)
	r.Data(messages(4, 4, 0))
	want(true, 4)
	r.Acknowledge()
	r.Marker(Marker{snapshot.Marker{Sent: 4}, 1})
	want(true, 0)
	r.Acknowledge()
	want(false, 0)
}

// TestInboxByReference checks that memory is used again, and that recorded messages
// of the inbox stay as they were.
func TestInboxByReference(t *testing.T) {
	r := welcomed(Ahead, 10*segmentMax)
	r.FreeList = &FreeList{}
	seq := uint64(0)
	arrive := func() (fresh snapshot.Batch) {
		seq++
		b := snapshot.Batch{First: seq}
		b.Append(bytes.Repeat([]byte{byte(seq)}, segmentMax/3))
		fresh, err := r.Data(wire.Data{Batch: b})
		if err != nil {
			t.Fatal(err)
		}
		return fresh
	}
	receive := func(n int) {
		for range n {
			if _, ok := r.Receive(); !ok {
				t.Fatalf("nothing to receive, want %d messages", n)
			}
		}
	}
	for range 5 {
		arrive()
	}
	receive(1)
	all := r.Inbox()
	kept := arrive()
	r.GiveAway()
	before := fmt.Sprint(all, kept)
	if n := len(all); n < 2 || all[0].First != 2 || all[n-1].Last() != 5 {
		t.Fatalf("the inbox is %v, want messages 2 to 5 in at least 2 batches", all)
	}
	for range 20 {
		receive(r.Waiting())
		r.Acknowledge()
		arrive()
		arrive()
		arrive()
	}
	if len(r.FreeList.free) == 0 && cap(r.done.memory) != segmentMax {
		t.Error("no buffer was returned to the free list, want at least one")
	}
	if after := fmt.Sprint(all, kept); after != before {
		t.Error("the recorded messages changed, want them as they were")
	}
	receive(r.Waiting())
	r.FreeList.Trim()
	if r.FreeList.Trim(); len(r.FreeList.free) > 0 {
		t.Errorf("an idle channel keeps %d buffers, want 0", len(r.FreeList.free))
	}
}

// TestErrorsNameNumbers checks an error text, which the log and the peer receive.
func TestErrorsNameNumbers(t *testing.T) {
	var s Sender
	if err := s.Acknowledge(wire.Position{Arrived: 7, Marker: 3}); err == nil || !strings.Contains(err.Error(), "message 7 and marker 3") {
		t.Errorf("got error %v, want one that names message 7 and marker 3", err)
	}
}

// Small messages do not take much more memory than they have bytes, also if each comes
// after a marker of its own.
func TestSmallMessagesShareMemory(t *testing.T) {
	const n = 10000
	r := Receiver{Rule: InOrder, Window: 1 << 20, FreeList: &FreeList{}}
	r.Acknowledge()
	for i := uint64(1); i <= n; i++ {
		marker := Marker{Ordinal: i, Marker: snapshot.Marker{Sent: i - 1}}
		if _, err := r.Marker(marker); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Data(messages(i, i, i)); err != nil {
			t.Fatal(err)
		}
	}
	memory := 0
	for _, seg := range r.inbox {
		memory += cap(seg.memory)
	}
	if most := 2*r.Bytes() + 2*segmentMax; memory > most {
		t.Errorf("inbox of %d messages and %d bytes: got %d bytes of memory, want at most %d", n, r.Bytes(), memory, most)
	}
}
