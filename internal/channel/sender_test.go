package channel

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// up returns a sender with a connection and plenty of credit.
func up(t *testing.T, rule Rule) *Sender {
	t.Helper()
	s := &Sender{Rule: rule}
	if err := s.Resume(wire.Position{Credit: 1 << 40}); err != nil {
		t.Fatal(err)
	}
	return s
}

// drain writes every frame that can be written and lists them: "m1" for marker 1,
// "1-3/0" for messages 1 to 3 sent after marker 0.
func drain(s *Sender) (frames []string) {
	for {
		marker, data := s.Next()
		switch {
		case marker != nil:
			frames = append(frames, fmt.Sprintf("m%d", marker.Ordinal))
		case data != nil:
			frames = append(frames, fmt.Sprintf("%d-%d/%d", data.First, data.Last(), data.Stamp))
		default:
			return frames
		}
	}
}

func wantFrames(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

func TestSenderWithoutConnection(t *testing.T) {
	var s Sender
	s.Send([]byte("a"))
	s.Mark(snapshot.Marker{Sent: 1, Acked: 1})
	wantFrames(t, drain(&s))
	if s.Sent() != 1 || s.Waiting() != 1 || s.Acked() != 0 {
		t.Errorf("sent %d, waiting %d, acked %d, want 1, 1, 0", s.Sent(), s.Waiting(), s.Acked())
	}
	if err := s.Resume(wire.Position{Credit: 100}); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, drain(&s), "1-1/0", "m1")
	s.Disconnect()
	wantFrames(t, drain(&s))
}

// TestRules checks the order of markers and data under both rules. A marker closes the
// segment: all messages of a frame have one stamp.
func TestRules(t *testing.T) {
	for rule, want := range map[Rule][]string{
		InOrder: {"1-2/0", "m1", "m2", "3-3/2", "m3"},
		Ahead:   {"m1", "m2", "m3", "1-2/0", "3-3/2"},
	} {
		s := up(t, rule)
		s.Send(nil)
		s.Send([]byte("b"))
		s.Mark(snapshot.Marker{Sent: 2})
		s.Mark(snapshot.Marker{Sent: 2})
		s.Send([]byte("c"))
		s.Mark(snapshot.Marker{Sent: 3})
		wantFrames(t, drain(s), want...)
	}
}

// TestSegments checks that a segment grows until it is full, and that no message is
// written twice. A message that is larger than a segment has one of its own.
func TestSegments(t *testing.T) {
	s := up(t, Ahead)
	s.Send([]byte("a"))
	wantFrames(t, drain(s), "1-1/0")
	s.Send([]byte("b"))
	s.Send([]byte("c"))
	wantFrames(t, drain(s), "2-3/0")
	s.Send(make([]byte, segmentMax))
	s.Send(make([]byte, segmentMax/3))
	s.Send(make([]byte, segmentMax/3))
	s.Send(make([]byte, segmentMax/2))
	wantFrames(t, drain(s), "4-4/0", "5-6/0", "7-7/0")
	if n := len(s.outbox); n != 4 {
		t.Errorf("%d segments, want 4", n)
	}
	if err := s.Acknowledge(wire.Position{Arrived: 5}); err != nil {
		t.Fatal(err)
	}
	if n := len(s.outbox); n != 2 || s.Waiting() != 2 {
		t.Errorf("%d segments, %d messages wait, want 2 and 2", n, s.Waiting())
	}
}

// TestBytes checks that Bytes counts whole segments.
func TestBytes(t *testing.T) {
	s := up(t, Ahead)
	want := func(bytes int) {
		t.Helper()
		if got := s.Bytes(); got != bytes {
			t.Errorf("Bytes = %d, want %d", got, bytes)
		}
	}
	want(0)
	s.Send(make([]byte, 300)) // and a length of 2 bytes
	s.Send([]byte("a"))
	want(302 + 2)
	s.Mark(snapshot.Marker{Sent: 2})
	s.Send(nil)
	want(302 + 2 + 1)
	drain(s)
	for _, step := range []struct{ arrived, bytes int }{{1, 305}, {2, 1}, {2, 1}, {3, 0}} {
		if err := s.Acknowledge(wire.Position{Arrived: uint64(step.arrived)}); err != nil {
			t.Fatal(err)
		}
		want(step.bytes)
	}
}

// TestCredit checks that a message may begin below the credit, however long it is.
// Positions of bytes are counted over all connections.
func TestCredit(t *testing.T) {
	var s Sender
	for range 5 {
		s.Send(make([]byte, 9)) // ten bytes each
	}
	for i, step := range []struct {
		at   wire.Position
		want []string
	}{
		{wire.Position{Credit: 0}, nil},
		{wire.Position{Credit: 1}, []string{"1-1/0"}},
		{wire.Position{Credit: 10}, []string{"1-1/0"}},
		{wire.Position{Credit: 11}, []string{"1-2/0"}},
		{wire.Position{Arrived: 1, Credit: 11}, []string{"2-2/0"}},
		{wire.Position{Arrived: 2, Credit: 11}, nil},
		{wire.Position{Arrived: 2, Received: 1, Credit: 40}, []string{"3-4/0"}},
		{wire.Position{Arrived: 4, Credit: 0}, nil}, // never falls
		{wire.Position{Arrived: 4, Credit: 41}, []string{"5-5/0"}},
	} {
		if err := s.Resume(step.at); err != nil {
			t.Fatal(err)
		}
		got := drain(&s)
		if !slices.Equal(got, step.want) {
			t.Errorf("step %d: at %+v wrote %q, want %q", i, step.at, got, step.want)
		}
		s.Disconnect()
	}
}

// TestMarkersNeedNoCredit checks that markers that may go ahead need no credit.
func TestMarkersNeedNoCredit(t *testing.T) {
	s := Sender{Rule: Ahead}
	s.Send([]byte("a"))
	s.Mark(snapshot.Marker{Sent: 1})
	if err := s.Resume(wire.Position{}); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, drain(&s), "m1")
	if err := s.Acknowledge(wire.Position{Marker: 1, Credit: 1}); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, drain(&s), "1-1/0")
}

// TestLargeMessage sends a message of 16 MiB through a window of 64 KiB. The next
// message waits until that one was received.
func TestLargeMessage(t *testing.T) {
	r := Receiver{Window: 64 << 10}
	var s Sender
	large := bytes.Repeat([]byte{7}, 16<<20)
	s.Send([]byte("a"))
	s.Send(large)
	s.Send([]byte("b"))
	if err := s.Resume(r.Acknowledge()); err != nil {
		t.Fatal(err)
	}
	for want := uint64(1); want <= 2; want++ {
		_, d := s.Next()
		if d == nil || d.First != want || d.Count != 1 {
			t.Fatalf("Next = %v, want message %d alone", d, want)
		}
		if _, err := r.Data(*d); err != nil {
			t.Fatal(err)
		}
	}
	wantFrames(t, drain(&s))
	r.Receive()
	s.Acknowledge(r.Acknowledge())
	wantFrames(t, drain(&s))
	if got, ok := r.Receive(); !ok || !bytes.Equal(got, large) {
		t.Errorf("received %d bytes, want the %d bytes that were sent", len(got), len(large))
	}
	if err := s.Acknowledge(r.Acknowledge()); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, drain(&s), "3-3/0")
}

// TestResumeEverywhere resumes at every position, after every number of written
// frames. The sender must write exactly the messages and markers after the position,
// with the same stamps and bytes.
func TestResumeEverywhere(t *testing.T) {
	const messages = 12
	build := func() *Sender {
		s := up(t, Ahead)
		for i := range messages {
			if i%4 == 2 {
				s.Mark(snapshot.Marker{Sent: s.Sent()})
			}
			s.Send(bytes.Repeat([]byte{byte(i + 1)}, i*9000))
		}
		return s
	}
	built := build()
	frames := len(drain(cloneSender(built)))
	for written := range frames + 1 {
		for arrived := range uint64(messages + 1) {
			for marker := range uint64(4) {
				s := cloneSender(built)
				for range written {
					s.Next()
				}
				s.Disconnect()
				if err := s.Resume(wire.Position{Arrived: arrived, Received: arrived, Marker: marker, Credit: 1 << 40}); err != nil {
					t.Fatal(err)
				}
				if err := checkWritesRest(s, arrived, marker, messages); err != nil {
					t.Fatalf("resume at message %d and marker %d after %d frames: %v", arrived, marker, written, err)
				}
			}
		}
	}
}

func checkWritesRest(s *Sender, arrived, marker, messages uint64) error {
	for {
		m, d := s.Next()
		switch {
		case m != nil && m.Ordinal != marker+1, d != nil && d.First != arrived+1:
			return fmt.Errorf("got marker %v, messages %v, want what follows marker %d and message %d", m, d, marker, arrived)
		case m != nil:
			marker++
		case d != nil:
			for seq, payload := range d.All() {
				arrived = seq
				if !bytes.Equal(payload, bytes.Repeat([]byte{byte(seq)}, int(seq-1)*9000)) || d.Stamp != (seq+1)/4 {
					return fmt.Errorf("message %d has %d bytes and stamp %d, want %d bytes and stamp %d", seq, len(payload), d.Stamp, (seq-1)*9000, (seq+1)/4)
				}
			}
		case arrived != messages || marker != 3:
			return fmt.Errorf("ends after message %d and marker %d, want %d and 3", arrived, marker, messages)
		default:
			return nil
		}
	}
}

// TestAcknowledge checks that an acknowledgement of more than was written is a
// violation and changes nothing. A stale one changes nothing either.
func TestAcknowledge(t *testing.T) {
	var s Sender
	for range 4 {
		s.Send([]byte("a"))
	}
	s.Mark(snapshot.Marker{Sent: 4})
	s.Rule = Ahead
	if err := s.Resume(wire.Position{Credit: 3}); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, drain(&s), "m1", "1-2/0")
	for _, step := range []struct {
		at wire.Position
		ok bool
	}{
		{wire.Position{Arrived: 3}, false},                          // 2 were written
		{wire.Position{Marker: 2}, false},                           // 1 was
		{wire.Position{Arrived: 1, Received: 2}, false},             // received before it arrived
		{wire.Position{Arrived: 2, Received: 1, Credit: 3}, true},   //
		{wire.Position{Arrived: 1, Received: 1, Credit: 3}, true},   // stale
		{wire.Position{}, true},                                     // staler
		{wire.Position{Arrived: 2, Received: 2, Marker: 1}, true},   //
		{wire.Position{Arrived: 2, Received: 2, Credit: 100}, true}, // marker and credit never fall
	} {
		before := string(appendSender(nil, &s))
		if err := s.Acknowledge(step.at); (err == nil) != step.ok {
			t.Errorf("Acknowledge(%+v) = %v, want success %v", step.at, err, step.ok)
		} else if err != nil && (string(appendSender(nil, &s)) != before || errors.Is(err, ErrBroken)) {
			t.Errorf("Acknowledge(%+v) = %v and the sender is %+v, want no change and not ErrBroken", step.at, err, &s)
		}
	}
	if s.acked != 2 || s.received != 2 || s.markerAcked != 1 || s.credit != 100 || len(s.markers) != 0 {
		t.Errorf("acked %d, received %d, marker %d, credit %d, %d markers, want 2, 2, 1, 100, 0", s.acked, s.received, s.markerAcked, s.credit, len(s.markers))
	}
	wantFrames(t, drain(&s), "3-4/0")
}

// TestBroken checks that a position from which no connection can go on wraps
// ErrBroken, and leaves the sender without a connection.
func TestBroken(t *testing.T) {
	build := func() *Sender {
		s := up(t, Ahead)
		s.Send([]byte("a"))
		s.Send([]byte("b"))
		s.Mark(snapshot.Marker{Sent: 2})
		s.Mark(snapshot.Marker{Sent: 2})
		drain(s)
		if err := s.Acknowledge(wire.Position{Arrived: 1, Marker: 1}); err != nil {
			t.Fatal(err)
		}
		s.Disconnect()
		return s
	}
	for _, at := range []wire.Position{
		{Arrived: 0, Marker: 1}, {Arrived: 1, Marker: 0}, // the receiver forgot
		{Arrived: 3, Marker: 1}, {Arrived: 1, Marker: 3}, // it has what was never sent
		{Arrived: 1, Received: 2, Marker: 1}, // it received what has not arrived
	} {
		s := build()
		if err := s.Resume(at); !errors.Is(err, ErrBroken) {
			t.Errorf("Resume(%+v) = %v, want ErrBroken", at, err)
		}
		if m, d := s.Next(); m != nil || d != nil {
			t.Errorf("Next after Resume(%+v) = %v, %v, want nothing", at, m, d)
		}
		if err := s.Resume(wire.Position{Arrived: 1, Marker: 1, Credit: 1 << 20}); err != nil {
			t.Errorf("Resume at a good position after %+v = %v, want no error", at, err)
		}
		wantFrames(t, drain(s), "m2", "2-2/0")
	}
}

// TestResent checks that Resent counts the messages that were written on an earlier
// connection and did not arrive.
func TestResent(t *testing.T) {
	s := up(t, Ahead)
	for range 5 {
		s.Send([]byte("a"))
	}
	if s.Resent() != 0 {
		t.Errorf("Resent = %d before any message was written, want 0", s.Resent())
	}
	drain(s)
	s.Send([]byte("b"))
	for _, step := range []struct{ arrived, resent uint64 }{{2, 3}, {2, 0}, {5, 0}} {
		s.Disconnect()
		if err := s.Resume(wire.Position{Arrived: step.arrived, Credit: 100}); err != nil {
			t.Fatal(err)
		}
		if s.Resent() != step.resent {
			t.Errorf("%d arrived: Resent = %d, want %d", step.arrived, s.Resent(), step.resent)
		}
	}
}

// TestGrownOutboxByReference checks that a segment stays as it was recorded even if it
// grew before all of it was acknowledged. Its buffer has the size that is used again.
func TestGrownOutboxByReference(t *testing.T) {
	s := up(t, Ahead)
	s.FreeList = &FreeList{}
	for i := range 40 {
		s.Send(bytes.Repeat([]byte{byte(i)}, segmentMax/4))
		_, recorded := s.Outbox()
		before := fmt.Sprint(recorded)
		s.Send(bytes.Repeat([]byte{byte(i)}, segmentMax/4)) // into the same segment
		drain(s)
		if err := s.Acknowledge(wire.Position{Arrived: s.Sent()}); err != nil {
			t.Fatal(err)
		}
		for j := range 6 {
			s.Send(bytes.Repeat([]byte{byte(100 + j)}, segmentMax/4))
			drain(s)
		}
		if fmt.Sprint(recorded) != before {
			t.Fatalf("recording %d changed, want it as it was", i)
		}
		if err := s.Acknowledge(wire.Position{Arrived: s.Sent()}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOutboxByReference checks that recorded messages of the outbox stay as they were,
// whatever happens afterwards.
func TestOutboxByReference(t *testing.T) {
	s := up(t, Ahead)
	s.FreeList = &FreeList{}
	for i := range 5 {
		s.Send([]byte{byte(i + 1)})
	}
	drain(s)
	if err := s.Acknowledge(wire.Position{Arrived: 2}); err != nil {
		t.Fatal(err)
	}
	acked, all := s.Outbox()
	before := fmt.Sprint(all)
	if acked != 2 || len(all) != 1 || all[0].First != 3 || all[0].Count != 3 {
		t.Fatalf("Outbox = %d, %v, want 2 and messages 3 to 5 in one batch", acked, all)
	}
	if &all[0].Body[0] != &s.outbox[0].Body[4] {
		t.Error("the messages were copied, want a reference to the segment")
	}
	for i := range 100 {
		s.Send([]byte{byte(i)})
		_ = append(all[0].Body, 0xff) // must not write into the segment
		drain(s)
	}
	if err := s.Acknowledge(wire.Position{Arrived: 105}); err != nil {
		t.Fatal(err)
	}
	s.Send([]byte("z"))
	for seq := uint64(107); seq < 200; seq++ { // into memory that is used again
		s.Send(make([]byte, segmentMax/3))
		drain(s)
		if err := s.Acknowledge(wire.Position{Arrived: seq - 3}); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.FreeList.free) == 0 {
		t.Error("no buffer was returned to the free list, want at least one")
	}
	if after := fmt.Sprint(all); after != before {
		t.Errorf("the recorded messages are %s, want %s", after, before)
	}
	// A segment whose buffer would be used again at once stays too.
	_, recorded := s.Outbox()
	before = fmt.Sprint(recorded)
	for i := range 20 {
		if err := s.Acknowledge(wire.Position{Arrived: s.Sent()}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.Send(bytes.Repeat([]byte{byte(i)}, segmentMax/3))
			drain(s)
		}
	}
	if len(recorded) == 0 || fmt.Sprint(recorded) != before {
		t.Errorf("the recorded messages of %d segments changed, want them as they were", len(recorded))
	}
	if payload := all[0].Next(); !bytes.Equal(payload, []byte{3}) {
		t.Errorf("message 3 is %v, want [3]", payload)
	}
	inOrder := up(t, InOrder)
	inOrder.Send([]byte("a"))
	if acked, all := inOrder.Outbox(); acked != 1 || all != nil {
		t.Errorf("in order, Outbox = %d, %v, want 1 and no messages", acked, all)
	}
}
