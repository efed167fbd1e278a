package snapshot

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// checkEmpty checks that a Recorder holds nothing of any snapshot but the ids.
func checkEmpty(t *testing.T, r *Recorder) {
	t.Helper()
	if len(r.recordings) != 0 || r.Recording() || r.InProgress() != nil {
		t.Errorf("%d recordings are left, want none", len(r.recordings))
	}
	for i, rec := range r.recordings[:cap(r.recordings)] {
		if rec != nil {
			t.Errorf("place %d refers to the recording of %s, want nil", i, rec.ID)
		}
	}
	checkEndedIDs(t, r)
}

func checkEndedIDs(t *testing.T, r *Recorder) {
	t.Helper()
	var listed []ID
	for _, e := range r.ended {
		listed = append(listed, e.id)
	}
	slices.Sort(listed)
	if set := slices.Sorted(maps.Keys(r.endedIDs)); !slices.Equal(listed, set) {
		t.Errorf("endedIDs holds %q, want %q as in ended", set, listed)
	}
}

func TestCompleteSnapshotIsFreed(t *testing.T) {
	h := p2(16)
	mustInitiate(t, h, "S")
	h.arrive("p1", []byte("a"))
	h.record(nil)
	h.arrive("p1", []byte("b"))
	rec := h.recorder.find("S")
	if got := renderBatches(rec.in[0].messages); got != "1:a 2:b" {
		t.Fatalf("recorded %q, want 1:a 2:b", got)
	}
	h.marker("p1", marker("S", 2))
	if rec.in[0].messages != nil || rec.out[0].messages != nil {
		t.Errorf("closed ends hold %v and %v, want no messages", rec.in[0].messages, rec.out[0].messages)
	}
	h.marker("p3", marker("S", 0))
	checkEmpty(t, h.recorder)
	wantEffects(t, h.marker("p3", marker("S", 0)))
}

func TestAbandon(t *testing.T) {
	for name, record := range map[string]bool{"while capturing": false, "recorded": true} {
		h := p2(16)
		h.arrive("p1", []byte("a"))
		mustInitiate(t, h, "S")
		if record {
			h.record(nil)
			h.arrive("p1", []byte("b"))
		}
		h.recorder.Abandon("S")
		checkEmpty(t, h.recorder)
		h.recorder.Abandon("S")
		h.recorder.Abandon("unknown")
		checkEmpty(t, h.recorder)
		if !record {
			wantEffects(t, h.record(nil))
		}
		wantEffects(t, h.marker("p1", marker("S", 1)))
		wantEffects(t, h.arrive("p3", []byte("c")))
		if checkEmpty(t, h.recorder); t.Failed() {
			t.Fatalf("failed when abandoned %s", name)
		}
	}
}

// With two processes that may follow, the time for a state is a quarter of that of the
// snapshot that has most, of those that wait for it. A snapshot that has its state does
// not count.
func TestCaptureUntil(t *testing.T) {
	h := p2(16)
	want := func(when string, at time.Duration, waits bool) {
		t.Helper()
		if got, ok := h.recorder.CaptureUntil(2); got != at || ok != waits {
			t.Errorf("%s: got %v, %v, want %v, %v", when, got, ok, at, waits)
		}
	}
	begin := func(id ID, deadline, timeout time.Duration) {
		t.Helper()
		if _, err := h.initiate(Start{ID: id, Assembler: "p1", Deadline: deadline, Timeout: timeout}); err != nil {
			t.Fatal(err)
		}
	}
	want("without a snapshot", 0, false)
	begin("short", 10*time.Second, 8*time.Second)
	want("with one", 4*time.Second, true)
	begin("long", 100*time.Second, 80*time.Second)
	want("with one that leaves more", 40*time.Second, true)
	h.record(nil)
	want("with the state of both", 0, false)
	begin("next", 50*time.Second, 8*time.Second)
	want("with a third", 44*time.Second, true)
}

func TestExpire(t *testing.T) {
	h := p2(16)
	if at, ok := h.recorder.NextDeadline(); ok {
		t.Errorf("next deadline %v without a snapshot, want none", at)
	}
	early := Start{ID: "early", Assembler: "p1", Deadline: 50 * time.Second, Timeout: 20 * time.Second}
	late := Start{ID: "late", Assembler: "p1", Deadline: 90 * time.Second, Timeout: 20 * time.Second}
	for _, s := range []Start{late, early} {
		if _, err := h.initiate(s); err != nil {
			t.Fatal(err)
		}
	}
	h.record(nil)
	if at, ok := h.recorder.NextDeadline(); at != early.Deadline || !ok {
		t.Errorf("next deadline %v, %v, want %v", at, ok, early.Deadline)
	}
	expire := func(now time.Duration, abandoned []Start, remembered int) {
		t.Helper()
		if got := h.recorder.Expire(now); !slices.Equal(got, abandoned) {
			t.Errorf("at %v: abandoned %v, want %v", now, got, abandoned)
		}
		if got := h.recorder.Ended(); got != remembered {
			t.Errorf("at %v: %d ids remembered, want %d", now, got, remembered)
		}
		checkEndedIDs(t, h.recorder)
	}
	const moment = time.Nanosecond
	expire(early.Deadline-moment, nil, 0)
	expire(early.Deadline, []Start{early}, 1)
	expire(early.Deadline, nil, 1)
	expire(late.Deadline, []Start{late}, 2)
	checkEmpty(t, h.recorder)
	expire(late.Deadline+1000*time.Hour, nil, 2)
	if _, err := h.initiate(early); err != ErrKnown {
		t.Errorf("got error %v, want %v", err, ErrKnown)
	}
}

// A marker says how much time is left. If none is left, it starts nothing. If almost
// none is left, the id is remembered all the same. Otherwise the markers that it causes
// would come back and start the snapshot again and again.
func TestNoTimeLeft(t *testing.T) {
	h := p2(16)
	over := Marker{Start: Start{ID: "over", Assembler: "p1", Deadline: time.Second}}
	wantEffects(t, h.recorder.MarkerReceived("p1", over))
	checkEmpty(t, h.recorder)
	short := Start{ID: "short", Assembler: "p1", Deadline: time.Second + 1, Timeout: 1}
	if effects := h.recorder.MarkerReceived("p1", Marker{Start: short}); len(effects) == 0 {
		t.Error("a marker with time left has no effects, want a capture")
	}
	h.record(nil)
	h.recorder.Expire(time.Second + 1)
	h.recorder.Expire(time.Minute)
	for _, id := range []ID{"over", "short"} {
		again := Start{ID: id, Assembler: "p1", Deadline: time.Minute + 1, Timeout: 1}
		wantEffects(t, h.recorder.MarkerReceived("p3", Marker{Start: again}))
	}
	checkEmpty(t, h.recorder)
}

// endMany ends n snapshots of an assembler, of which the host hears by markers.
func endMany(h *host, assembler ProcessID, n int) {
	for i := range n {
		h.marker("p1", of(assembler, endedID(i)))
		h.recorder.Abandon(endedID(i))
	}
}

func endedID(i int) ID { return ID(fmt.Sprintf("S%07d", i)) }

// of returns a marker of a snapshot that an assembler has.
func of(assembler ProcessID, id ID) Marker {
	m := marker(id, 0)
	m.Assembler = assembler
	return m
}

const refusedAsOld = "report to %s for %s: p2 failed: refused: the snapshot may have ended: its id is not above those of its assembler that are forgotten, last"

func TestEndedIDsAreBounded(t *testing.T) {
	h := p2(1)
	for i := range 3 * EndedMax {
		h.marker("p1", of(ProcessID(fmt.Sprint("a", i%3)), endedID(i)))
		h.recorder.Abandon(endedID(i))
		if got := h.recorder.Ended(); got > EndedMax || len(h.recorder.floors) > 3 {
			t.Fatalf("got %d ids and %d floors, want at most %d and 3", got, len(h.recorder.floors), EndedMax)
		}
	}
	checkEndedIDs(t, h.recorder)
}

// However many others come in between, a late marker or a late join starts no snapshot
// again, in whatever order the snapshots ended.
func TestEndedSnapshotNeverBeginsAgain(t *testing.T) {
	h := p2(1)
	shuffled := rand.New(rand.NewPCG(1, 1)).Perm(64)
	n, group := 10*EndedMax, len(shuffled)
	for i := range n {
		i = i - i%group + shuffled[i%group]
		h.marker("p1", of("p1", endedID(i)))
		h.recorder.Abandon(endedID(i))
	}
	for i := range n {
		h.marker("p3", of("p1", endedID(i)))
		if _, err := h.initiate(of("p1", endedID(i)).Start); !errors.Is(err, ErrKnown) && !errors.Is(err, ErrOld) {
			t.Fatalf("join of %s, which has ended: got error %v, want %v or %v", endedID(i), err, ErrKnown, ErrOld)
		}
		if h.recorder.Recording() {
			t.Fatalf("marker of %s, which has ended: got a recording, want none", endedID(i))
		}
	}
	h.marker("p1", of("p1", endedID(n)))
	if !h.recorder.Recording() {
		t.Error("marker of a new snapshot: got no recording, want one")
	}
}

// A snapshot that is not above the floor is refused by name, and one in progress goes on.
func TestFloorIsOfOneAssembler(t *testing.T) {
	h := p2(16)
	h.marker("p1", of("p3", "S"))
	h.record(nil)
	endMany(h, "p3", EndedMax+1)
	h.record(nil)
	old := endedID(EndedMax/2 - 1)
	wantEffects(t, h.marker("p1", of("p3", old)), fmt.Sprintf(refusedAsOld, "p3", old))
	wantEffects(t, h.marker("p1", of("p3", endedID(EndedMax/2)))) // remembered: it has ended
	wantLast(t, h.marker("p3", of("p3", "S")), "report to p3 for S: p2 closed incoming p3->p2 [], last")
	// The clock of p1 may be behind.
	wantEffects(t, h.marker("p1", of("p1", "R")), "capture")
	h.record(nil)
	// The clock of p3 may be behind after a restart.
	h.recorder.PeerRestarted("p3")
	wantEffects(t, h.marker("p1", of("p3", "Q")), "capture")
}

// A few invented ids, however high, keep nobody from taking snapshots.
func TestInventedIDsRaiseNoFloor(t *testing.T) {
	h := p2(1)
	for i := range EndedMax / 2 {
		h.marker("p3", of("p1", ID(fmt.Sprintf("z%d", i))))
		h.recorder.Abandon(ID(fmt.Sprintf("z%d", i)))
	}
	endMany(h, "p1", 3*EndedMax)
	if h.recorder.Capturing() {
		h.record(nil)
	}
	wantEffects(t, h.marker("p1", of("p1", endedID(3*EndedMax))), "capture")
}

func TestPeerRestarted(t *testing.T) {
	h := p2(16)
	mustInitiate(t, h, "S1")
	h.record(nil)
	mustInitiate(t, h, "S2")
	wantEffects(t, h.recorder.PeerRestarted("p3"),
		"report to p1 for S1: p3 failed: process restarted: noticed by p2, last",
		"report to p1 for S2: p3 failed: process restarted: noticed by p2, last")
	checkEmpty(t, h.recorder)
	wantEffects(t, h.record(nil)) // of S2
	wantEffects(t, h.marker("p3", marker("S1", 0)))
	wantEffects(t, h.recorder.PeerRestarted("p3"))
}

// An outgoing channel is closed when its peer is known. Before that, nothing shows that
// the two ends counted in one pair of incarnations.
func TestPeerKnown(t *testing.T) {
	h := p2(16)
	h.peers["p1"] = ""
	h.marker("p3", marker("S", 0))
	wantEffects(t, h.record(nil),
		"send marker of S after message 0 to p1",
		"report to p1 for S: p2 recorded state , sent [p1:0], received [p1:0 p3:0]",
		"report to p1 for S: p2 closed incoming p3->p2 []")
	wantEffects(t, h.recorder.PeerKnown("p3"))
	h.peers["p1"] = "p1-1"
	effects := h.recorder.PeerKnown("p1")
	wantEffects(t, effects, "report to p1 for S: p2 closed outgoing p2->p1 []")
	if peer := effects[0].(Report).Piece.(Closed).Peer; peer != "p1-1" {
		t.Errorf("counted with %q, want p1-1", peer)
	}
	wantEffects(t, h.recorder.PeerKnown("p1"))
	wantEffects(t, h.marker("p1", marker("S", 0)), "report to p1 for S: p2 closed incoming p1->p2 [], last")
	checkEmpty(t, h.recorder)
}

func TestPeerKnownWhileCapturing(t *testing.T) {
	h := p2(16)
	h.peers["p1"] = ""
	mustInitiate(t, h, "S")
	h.peers["p1"] = "p1-1"
	wantEffects(t, h.recorder.PeerKnown("p1"))
	wantLast(t, h.record(nil), "report to p1 for S: p2 closed outgoing p2->p1 []")
}

func TestResetsAreReported(t *testing.T) {
	h := p2(16)
	reset := Reset{Process: "p1", Incarnation: "p1-2", Discarded: 3, Unknown: true}
	h.resets[Channel{"p2", "p1"}] = []Reset{reset}
	mustInitiate(t, h, "S")
	effects := h.record(nil)
	closed := effects[len(effects)-1].(Report).Piece.(Closed)
	if !slices.Equal(closed.Resets, []Reset{reset}) {
		t.Errorf("resets %+v, want %+v", closed.Resets, reset)
	}
}
