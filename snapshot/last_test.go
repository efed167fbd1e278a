package snapshot

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The last process and its longest stage are named, in the words of initiate.
func TestLastNamesTheLongestStage(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		times  Times
		marker time.Duration
		want   string
	}{
		{Times{0, 0, Never, 0, ms, ms}, 98 * ms, "p2, 102 ms: the marker of p3 came after 98 ms"},
		{Times{Never, 0, 70 * ms, 71 * ms, 80 * ms, 80 * ms}, ms, "p2, 102 ms: 71 ms passed until its program could be asked for its state"},
		{Times{0, 0, Never, 5500 * time.Microsecond, 95 * ms, 95 * ms}, 20 * ms, "p2, 102 ms: its state took 90 ms"},
		{Times{0, 0, Never, 0, 5 * ms, 95 * ms}, 20 * ms, "p2, 102 ms: its state waited 75 ms to be sent"},
		{Times{0, 0, Never, 0, 1 * ms, 94 * ms}, 92 * ms, "p2, 102 ms: the marker of p3 came after 92 ms"},
		{Times{0, 0, Never, 0, ms, ms}, 2 * ms, "p2, 102 ms: 100 ms passed before it learned of the snapshot, or while its part was on its way"},
	} {
		g := &Global{
			Processes: []ProcessState{
				{ID: "p1", Completed: true, CompletedAfter: 101 * ms},
				{ID: "p2", Completed: true, CompletedAfter: 102 * ms, Times: &c.times},
				{ID: "p3", Completed: false, CompletedAfter: 200 * ms},
			},
			Channels: []ChannelState{
				{Channel: Channel{"p1", "p2"}, MarkerAfter: c.marker / 2, MarkerKnown: true},
				{Channel: Channel{"p2", "p3"}, MarkerAfter: time.Hour, MarkerKnown: true},
				{Channel: Channel{"p3", "p2"}, MarkerAfter: c.marker, MarkerKnown: true},
			},
		}
		if got := g.Last(); got != c.want {
			t.Errorf("times %v, marker %v:\n got %s\nwant %s", c.times, c.marker, got, c.want)
		}
	}
	if got := (&Global{}).Last(); got != "" {
		t.Errorf("without a complete part: got %q, want nothing", got)
	}
}

// The last line of initiate comes from a snapshot in memory, the picture from its JSON.
func TestASnapshotAndItsJSONNameTheSameReason(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 16))
		about := func() time.Duration { return time.Duration(random.IntN(4_000)) } // ns, so that many are nearly equal
		g := &Global{ID: "S", Cluster: "c", Epoch: 1, Initiators: ids("p1"), Processes: []ProcessState{{ID: "p1"}, {ID: "p2"}},
			Channels: []ChannelState{{Channel: Channel{"p1", "p2"}}, {Channel: Channel{"p2", "p1"}}}}
		for i := range g.Processes {
			p := &g.Processes[i]
			p.State.Bytes, p.Incarnation = []byte("1"), "i"
			p.Completed, p.CompletedAfter = true, about()
			p.Times = &Times{FirstMarker: Never, Held: about(), Settled: Never, Asked: about(), Encoded: about(), Sent: about()}
			c := &g.Channels[i]
			c.SeenByReceiver, c.SeenBySender, c.SentKnown, c.ReceivedKnown, c.Known = "i", "i", true, true, true
			c.MarkerAfter, c.MarkerKnown = about(), true
		}
		var text bytes.Buffer
		if err := g.WriteJSON(&text, true); err != nil {
			t.Fatal(err)
		}
		decoded, err := Decode(text.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := decoded.Last(), g.Last(); got != want {
			t.Fatalf("seed %d: got %q from the JSON, want %q", seed, got, want)
		}
	}
}

// A marker's time is on the clock of its receiver, from when that first learned of the
// snapshot.
func TestMarkerTimesCountFromTheFirst(t *testing.T) {
	h := p2(16)
	at := func(now time.Duration) Marker {
		left := time.Minute - now/2 // the clocks of the two senders differ
		return Marker{Start: Start{ID: "S", Assembler: "p1", Deadline: now + left, Timeout: left}}
	}
	effects := h.recorder.MarkerReceived("p3", at(3*time.Second))
	effects = append(effects, h.recorder.StateRecorded(State{})...)
	effects = append(effects, h.recorder.MarkerReceived("p1", at(5*time.Second))...)
	got := map[ProcessID]time.Duration{}
	for _, e := range effects {
		report, _ := e.(Report)
		switch piece := report.Piece.(type) {
		case Recorded:
			if piece.FirstMarker != 0 {
				t.Errorf("first marker: got %v, want 0", piece.FirstMarker)
			}
		case Closed:
			if !piece.Outgoing {
				got[piece.Channel.From] = piece.MarkerAfter
			}
		}
	}
	if got["p3"] != 0 || got["p1"] != 2*time.Second || len(got) != 2 {
		t.Errorf("markers: got %v, want p3 after 0 and p1 after 2 s", got)
	}
}

// The times may come before or after the state, once, and from the same incarnation.
func TestCollectorTakesTheTimesOnce(t *testing.T) {
	timed := func(incarnation Incarnation, sent time.Duration) Timed {
		return Timed{Process: "p1", Incarnation: incarnation, Times: Times{Sent: sent}}
	}
	first := firstIncarnation("p1")
	topology, pieces := line2()
	for _, all := range [][]Piece{
		slices.Concat([]Piece{timed(first, 1), timed(first, 2)}, pieces),
		slices.Concat(pieces, []Piece{timed(first, 1), timed(first, 2)}),
	} {
		g := collect(t, topology, all...).Assemble(0, nil)
		if got := g.Process("p1").Times; got == nil || got.Sent != 1 || !g.Complete() {
			t.Errorf("got the times %v in a %s snapshot, want the first in a complete one", got, g.Status())
		}
		if got := g.Process("p2").Times; got != nil {
			t.Errorf("p2: got the times %v, want none", got)
		}
	}
	c := collect(t, topology, append(pieces, timed("another", 1))...)
	if g := c.Assemble(0, nil); g.Process("p1").Times != nil || !c.Restarted() {
		t.Errorf("of another incarnation: got the times %v, restarted %v, want none and true", g.Process("p1").Times, c.Restarted())
	}
}
