package channel

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// messages is first … last, each one byte.
func messages(first, last, stamp uint64) wire.Data {
	b := snapshot.Batch{First: first}
	for seq := first; seq <= last; seq++ {
		b.Append([]byte{byte(seq)})
	}
	return wire.Data{Stamp: stamp, Batch: b}
}

// welcomed is a receiver whose sender was welcomed.
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
		{1, 1, 9, 0, ""}, // a duplicate says nothing
	} {
		before := string(appendReceiver(nil, r))
		fresh, err := r.Data(messages(step.first, step.last, step.stamp))
		switch {
		case err != nil && err.Error() != step.err, err == nil && step.err != "":
			t.Errorf("%d-%d: %v, want %s", step.first, step.last, err, step.err)
		case err != nil && string(appendReceiver(nil, r)) != before:
			t.Errorf("%d-%d: refused, but something changed", step.first, step.last)
		case err == nil && fresh.Count != step.fresh:
			t.Errorf("%d-%d: %d are new, want %d", step.first, step.last, fresh.Count, step.fresh)
		}
	}
	if r.Duplicates() != 4 || r.Arrived() != 4 || r.Waiting() != 4 || r.Received() != 0 {
		t.Errorf("duplicates %d, arrived %d, waiting %d, received %d", r.Duplicates(), r.Arrived(), r.Waiting(), r.Received())
	}
	for seq := byte(1); seq <= 4; seq++ {
		if got, ok := r.Receive(); !ok || !bytes.Equal(got, []byte{seq}) {
			t.Errorf("received %v, %v", got, ok)
		}
	}
	if _, ok := r.Receive(); ok || len(r.inbox) > 0 {
		t.Error("received from an empty inbox, or it is kept")
	}
}

// A message is refused if it begins at the credit that was told or beyond, not for
// its length; what was not told counts for nothing.
func TestReceiverWindow(t *testing.T) {
	r := welcomed(Ahead, 4)
	if _, err := r.Data(messages(1, 3, 0)); err == nil || err.Error() != "message 3 is beyond the window" {
		t.Errorf("three messages: %v", err)
	}
	if _, err := r.Data(messages(1, 1, 0)); err != nil {
		t.Error(err)
	}
	large := snapshot.Batch{First: 2}
	large.Append(make([]byte, 1000))
	if _, err := r.Data(wire.Data{Batch: large}); err != nil {
		t.Errorf("a message that begins below the credit: %v", err)
	}
	r.Receive()
	r.Receive()
	if _, err := r.Data(messages(3, 3, 0)); err == nil {
		t.Error("credit that was not told was used")
	}
	if at := r.Acknowledge(); at != (wire.Position{Arrived: 2, Received: 2, Credit: 2 + 1002 + 4}) {
		t.Errorf("told %+v", at)
	}
	if _, err := r.Data(messages(2, 4, 0)); err != nil {
		t.Error(err)
	}
	if _, err := (&Receiver{Window: 100}).Data(messages(1, 1, 0)); err == nil {
		t.Error("data before anything was told")
	}
}

func TestReceiverMarkers(t *testing.T) {
	marker := func(ordinal, sent, acked uint64) Marker {
		return Marker{snapshot.Marker{Sent: sent, Acked: acked}, ordinal}
	}
	for _, test := range []struct {
		name          string
		rule          Rule
		arrived, told uint64
		marker        Marker
		err           string
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
			if seq == test.told {
				r.Acknowledge()
			}
		}
		before := string(appendReceiver(nil, r))
		fresh, err := r.Marker(test.marker)
		switch {
		case fresh != (err == nil), err != nil && err.Error() != test.err, err == nil && test.err != "":
			t.Errorf("%s: %v, %v", test.name, fresh, err)
		case err != nil && string(appendReceiver(nil, r)) != before:
			t.Errorf("%s: refused, but something changed", test.name)
		case err == nil:
			if fresh, err := r.Marker(test.marker); fresh || err != nil {
				t.Errorf("%s: again: %v, %v", test.name, fresh, err)
			}
		}
	}
}

// A message waits for the markers before it. Data that the receiver took before
// (as from a sender of the other rule) is not handed over too early.
func TestReceiveWaitsForMarkers(t *testing.T) {
	r := welcomed(Ahead, 100)
	r.Data(messages(1, 1, 0))
	r.inbox = append(r.inbox, segment{Batch: messages(2, 2, 1).Batch, stamp: 1})
	r.arrived = 2
	if _, ok := r.Receive(); !ok {
		t.Error("message 1 waits")
	}
	if _, ok := r.Receive(); ok {
		t.Error("message 2 was received before marker 1")
	}
	if _, err := r.Marker(Marker{snapshot.Marker{Sent: 2}, 1}); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Receive(); !ok {
		t.Error("message 2 waits after marker 1")
	}
}

// Unacknowledged is what the sender does not know: the more of what arrived and of what may
// be sent in place of what was received.
func TestUntold(t *testing.T) {
	r := &Receiver{Rule: Ahead, Window: 100}
	want := func(any bool, n int) {
		t.Helper()
		if gotAny, got := r.Unacknowledged(); gotAny != any || gotAny && got != n {
			t.Errorf("unacknowledged %v, %d bytes; want %v, %d", gotAny, got, any, n)
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

// What was recorded of the inbox stays as it was, whatever comes later into memory
// that is used again; and memory is used again.
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
				t.Fatal("there is nothing to receive")
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
		t.Fatalf("%d batches", n)
	}
	for range 20 {
		receive(r.Waiting())
		r.Acknowledge()
		arrive()
		arrive()
		arrive()
	}
	if len(r.FreeList.free) == 0 && cap(r.done.memory) != segmentMax {
		t.Error("no memory is used again")
	}
	if after := fmt.Sprint(all, kept); after != before {
		t.Error("what was recorded has changed")
	}
	receive(r.Waiting())
	r.FreeList.Trim()
	if r.FreeList.Trim(); len(r.FreeList.free) > 0 {
		t.Errorf("%d buffers are kept by an idle channel", len(r.FreeList.free))
	}
}

// Errors say what they are about: they end up in the log and at the peer.
func TestErrorsNameNumbers(t *testing.T) {
	var s Sender
	if err := s.Acknowledge(wire.Position{Arrived: 7, Marker: 3}); err == nil || !strings.Contains(err.Error(), "message 7 and marker 3") {
		t.Error(err)
	}
}
