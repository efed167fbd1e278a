package snapshot

import (
	"errors"
	"slices"
	"testing"
	"time"

	"chandy/internal/explore"
)

// start returns the Start of a snapshot with a time-out of 10 s and the assembler p1.
func start(id ID) Start {
	return Start{ID: id, Assembler: "p1", Deadline: 10 * time.Second, Timeout: 10 * time.Second}
}

func marker(id ID, sent uint64) Marker { return Marker{Start: start(id), Sent: sent, Acked: sent} }

// p2 returns a process with channels from p1 and p3 and to p1.
func p2(limit int) *host { return newHost("p2", "p2-1", graph("p1->p2 p2->p1 p3->p2"), limit) }

func wantEffects(t *testing.T, got []Effect, want ...string) {
	t.Helper()
	var texts []string
	for _, e := range got {
		texts = append(texts, e.String())
	}
	if !slices.Equal(texts, want) {
		t.Errorf("effects\n  %q\nwant\n  %q", texts, want)
	}
}

// wantLast compares the last effect.
func wantLast(t *testing.T, got []Effect, want string) {
	t.Helper()
	wantEffects(t, got[len(got)-1:], want)
}

// wantRecorder checks the state of a Recorder.
func wantRecorder(t *testing.T, r *Recorder, capturing, recording bool) {
	t.Helper()
	if r.Capturing() != capturing || r.Recording() != recording {
		t.Errorf("capturing %v, recording %v, want %v and %v", r.Capturing(), r.Recording(), capturing, recording)
	}
}

func mustInitiate(t *testing.T, h *host, id ID) []Effect {
	t.Helper()
	effects, err := h.initiate(start(id))
	if err != nil {
		t.Fatal(err)
	}
	return effects
}

// Chandy & Lamport 1985, section 3, marker-sending rule: p sends one marker along c
// after p records its state and before p sends further messages along c.
func TestInitiatorRecordsThenSendsMarkers(t *testing.T) {
	h := p2(16)
	h.send("p1")
	wantEffects(t, mustInitiate(t, h, "S"), "capture")
	wantRecorder(t, h.recorder, true, true)
	h.send("p1") // before the state: the message is in the cut
	wantEffects(t, h.record([]byte("7")),
		"send marker of S after message 2 to p1",
		"report to p1 for S: p2 recorded state 7, sent [p1:2], received [p1:0 p3:0]",
		"report to p1 for S: p2 closed outgoing p2->p1 []")
	wantRecorder(t, h.recorder, false, true)
}

// Section 3, marker-receiving rule: if q has not recorded its state, q records it,
// and the state of c as the empty sequence.
func TestFirstMarkerClosesItsChannelEmpty(t *testing.T) {
	h := p2(16)
	h.arrive("p1", []byte("a"))
	h.receive("p1")
	wantEffects(t, h.marker("p1", marker("S", 1)), "capture")
	wantEffects(t, h.record(nil),
		"send marker of S after message 0 to p1",
		"report to p1 for S: p2 recorded state , sent [p1:0], received [p1:1 p3:0]",
		"report to p1 for S: p2 closed outgoing p2->p1 []",
		"report to p1 for S: p2 closed incoming p1->p2 []")
}

// Section 3, the other case: the state of c is the sequence of messages received
// along c after q's state was recorded and before q received the marker along c.
// A message in the inbox counts as not received.
func TestLaterMarkerClosesItsChannel(t *testing.T) {
	h := p2(16)
	for _, payload := range []string{"a", "b", "c"} {
		h.arrive("p3", []byte(payload))
	}
	h.receive("p3")
	mustInitiate(t, h, "S")
	h.record(nil)
	h.receive("p3") // received after the recording: it stays in the channel state
	wantEffects(t, h.arrive("p3", []byte("d")))
	wantEffects(t, h.marker("p3", marker("S", 4)), "report to p1 for S: p2 closed incoming p3->p2 [2:b 3:c 4:d]")
	wantEffects(t, h.arrive("p3", []byte("e")))
	wantEffects(t, h.arrive("p1", []byte("x")))
	wantEffects(t, h.marker("p1", marker("S", 1)), "report to p1 for S: p2 closed incoming p1->p2 [1:x], last")
	wantRecorder(t, h.recorder, false, false)
}

// While the state is captured, messages after the marker enter the inbox behind the
// messages before it. They must not get into the channel state.
func TestMessagesAfterTheMarkerDuringACapture(t *testing.T) {
	h := p2(16)
	h.arrive("p3", []byte("a"))
	wantEffects(t, h.marker("p3", marker("S", 1)), "capture")
	wantEffects(t, h.arrive("p3", []byte("b")))
	wantEffects(t, h.arrive("p1", []byte("x")))
	wantLast(t, h.record(nil), "report to p1 for S: p2 closed incoming p3->p2 [1:a]")
	wantEffects(t, h.marker("p1", marker("S", 1)), "report to p1 for S: p2 closed incoming p1->p2 [1:x], last")
}

func TestSecondMarkerOnAChannelChangesNothing(t *testing.T) {
	h := p2(16)
	h.marker("p1", marker("S", 0))
	h.record(nil)
	before := string(explore.Append(nil, h.recorder))
	wantEffects(t, h.marker("p1", marker("S", 0)))
	if got := string(explore.Append(nil, h.recorder)); got != before {
		t.Errorf("after the second marker the Recorder is %q, want %q as before", got, before)
	}

	h = p2(16)
	mustInitiate(t, h, "S")
	h.record(nil)
	h.marker("p3", Marker{Start: start("S"), Sent: 2, Acked: 1}) // message 1 has not arrived
	wantEffects(t, h.marker("p3", Marker{Start: start("S"), Sent: 1, Acked: 0}))
	wantEffects(t, h.arrive("p3", []byte("a")), "report to p1 for S: p2 closed incoming p3->p2 [1:a]")
}

func TestSnapshotsJoinACapture(t *testing.T) {
	h := p2(16)
	wantEffects(t, mustInitiate(t, h, "S1"), "capture")
	wantEffects(t, h.marker("p3", marker("S2", 0)))
	wantEffects(t, mustInitiate(t, h, "S3"))
	wantEffects(t, h.record([]byte("7")),
		"send marker of S1 after message 0 to p1",
		"report to p1 for S1: p2 recorded state 7, sent [p1:0], received [p1:0 p3:0]",
		"report to p1 for S1: p2 closed outgoing p2->p1 []",
		"send marker of S2 after message 0 to p1",
		"report to p1 for S2: p2 recorded state 7, sent [p1:0], received [p1:0 p3:0]",
		"report to p1 for S2: p2 closed outgoing p2->p1 []",
		"report to p1 for S2: p2 closed incoming p3->p2 []",
		"send marker of S3 after message 0 to p1",
		"report to p1 for S3: p2 recorded state 7, sent [p1:0], received [p1:0 p3:0]",
		"report to p1 for S3: p2 closed outgoing p2->p1 []")
	var all []ID
	for _, s := range h.recorder.InProgress() {
		all = append(all, s.ID)
	}
	if !slices.Equal(all, []ID{"S1", "S2", "S3"}) {
		t.Errorf("in progress are %q, want S1, S2 and S3", all)
	}
}

// A capture in progress outlives the snapshot for which it began.
func TestSnapshotJoinsTheCaptureOfAnAbandonedOne(t *testing.T) {
	h := p2(16)
	mustInitiate(t, h, "S1")
	h.recorder.Abandon("S1")
	wantRecorder(t, h.recorder, true, false)
	wantEffects(t, mustInitiate(t, h, "S2"))
	if got := len(h.record(nil)); got != 3 {
		t.Errorf("%d effects, want 3", got)
	}
}

func TestProcessWithoutChannels(t *testing.T) {
	h := newHost("p1", "p1-1", graph("p1"), 16)
	wantEffects(t, mustInitiate(t, h, "S"), "capture")
	wantEffects(t, h.record([]byte("7")), "report to p1 for S: p1 recorded state 7, sent [], received [], last")
	wantRecorder(t, h.recorder, false, false)
}

func TestSelfChannel(t *testing.T) {
	h := newHost("p1", "p1-1", graph("p1->p1"), 16)
	h.send("p1")
	mustInitiate(t, h, "S")
	wantEffects(t, h.record(nil),
		"send marker of S after message 1 to p1",
		"report to p1 for S: p1 recorded state , sent [p1:1], received [p1:0]",
		"report to p1 for S: p1 closed outgoing p1->p1 []")
	h.arrive("p1", []byte("a"))
	wantEffects(t, h.marker("p1", marker("S", 1)), "report to p1 for S: p1 closed incoming p1->p1 [1:a], last")
}

func TestAskedAgain(t *testing.T) {
	h := p2(16)
	mustInitiate(t, h, "S")
	for range 2 {
		if effects, err := h.initiate(start("S")); err != ErrKnown || effects != nil {
			t.Errorf("initiate = %v, %v, want no effects and %v", effects, err, ErrKnown)
		}
		h.recorder.Abandon("S")
	}
}

func TestLimit(t *testing.T) {
	h := p2(1)
	mustInitiate(t, h, "S1")
	if effects, err := h.initiate(start("S2")); !errors.Is(err, ErrLimit) || effects != nil {
		t.Errorf("initiate = %v, %v, want no effects and %v", effects, err, ErrLimit)
	}
	wantEffects(t, h.marker("p3", marker("S3", 0)),
		"report to p1 for S3: p2 failed: refused: too many snapshots in progress (limit 1), last")
	h.recorder.Abandon("S1")
	// A refused snapshot stays refused when there is room again: the markers that this
	// process did not send would be missing.
	wantEffects(t, h.marker("p1", marker("S3", 0)))
	if _, err := h.initiate(start("S3")); err != ErrKnown {
		t.Errorf("got error %v, want %v", err, ErrKnown)
	}
	// A snapshot that this process refused to initiate stays refused too: its markers
	// start nothing.
	wantEffects(t, h.marker("p1", marker("S2", 0)))
	mustInitiate(t, h, "S4")
}

// What Admit refuses starts nothing, also when Admit refuses no more.
func TestAdmitRefusesSnapshots(t *testing.T) {
	h := p2(16)
	full := errors.New("full")
	h.recorder.Admit = func() error { return full }
	if effects, err := h.initiate(start("S1")); err != full || effects != nil {
		t.Errorf("initiate: got %v, %v, want no effects and %v", effects, err, full)
	}
	wantEffects(t, h.marker("p3", marker("S2", 0)), "report to p1 for S2: p2 failed: refused: full, last")
	h.recorder.Admit = func() error { return nil }
	wantEffects(t, h.marker("p1", marker("S1", 0)))
	wantEffects(t, h.marker("p1", marker("S2", 0)))
	mustInitiate(t, h, "S3")
}

func TestStateRecordedWithoutCapture(t *testing.T) {
	defer func() {
		if r := recover(); r != "bug: StateRecorded without Capture" {
			t.Errorf("panic %v, want a bug that names StateRecorded", r)
		}
	}()
	p2(1).record(nil)
}

// outbox is a host whose channels record on both sides, since markers go ahead of data.
type outbox struct {
	*host
	acked   uint64
	unacked []Batch
}

func (o outbox) Outbox(int) (uint64, []Batch) { return o.acked, o.unacked }

func TestSenderRecordsItsOutbox(t *testing.T) {
	h := p2(16)
	h.sent[0] = 3
	o := outbox{host: h, acked: 1, unacked: []Batch{batch(2, "b", "c")}}
	h.recorder = NewRecorder("p2", "p2-1", h.topology, o, 16)
	mustInitiate(t, h, "S")
	wantEffects(t, h.record(nil),
		"send marker of S after message 3, 1 acknowledged to p1",
		"report to p1 for S: p2 recorded state , sent [p1:3], received [p1:0 p3:0]",
		"report to p1 for S: p2 closed outgoing p2->p1 [2:b 3:c]")
}

// If a marker went ahead of the data, the receiver records up to message Acked, and
// the sender records the later ones. The receiver reports later ones that it has too.
func TestReceiverWaitsForWhatTheSenderDoesNotRecord(t *testing.T) {
	h := p2(16)
	h.arrive("p3", []byte("a"))
	mustInitiate(t, h, "S")
	h.record(nil)
	m := marker("S", 4)
	m.Acked = 3
	wantEffects(t, h.marker("p3", m))
	wantEffects(t, h.arrive("p3", []byte("b")))
	wantEffects(t, h.arrive("p3", []byte("c")), "report to p1 for S: p2 closed incoming p3->p2 [1:a 2:b 3:c]")

	h = p2(16)
	for _, payload := range []string{"a", "b", "c"} {
		h.arrive("p3", []byte(payload))
	}
	m = marker("S", 2)
	m.Acked = 0
	wantEffects(t, h.marker("p3", m), "capture")
	wantLast(t, h.record(nil), "report to p1 for S: p2 closed incoming p3->p2 [1:a 2:b]")
}

// batch returns a batch of payloads.
func batch(first uint64, payloads ...string) Batch {
	b := Batch{First: first}
	for _, payload := range payloads {
		b.Append([]byte(payload))
	}
	return b
}
