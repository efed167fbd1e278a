package snapshot

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// collect returns a Collector of a topology that has got the pieces.
func collect(t *testing.T, topology *Topology, pieces ...Piece) *Collector {
	t.Helper()
	c := NewCollector(Plan{ID: "S", Cluster: "test", Epoch: 1, Topology: topology, Initiators: ids("p1")})
	for i, p := range pieces {
		if err := c.Add(time.Duration(i+1)*time.Millisecond, p); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// recorded returns a Recorded of the first incarnation.
func recorded(id ProcessID, sent, received []Count) Recorded {
	return Recorded{Process: id, Incarnation: firstIncarnation(id), State: State{Bytes: []byte(`"` + id + `"`)}, Sent: sent, Received: received}
}

func closedIn(from, to ProcessID, messages ...Batch) Closed {
	return Closed{Process: to, Incarnation: firstIncarnation(to), Channel: Channel{from, to}, Peer: firstIncarnation(from), Messages: messages}
}

func closedOut(from, to ProcessID, messages ...Batch) Closed {
	return Closed{Process: from, Incarnation: firstIncarnation(from), Channel: Channel{from, to}, Outgoing: true, Peer: firstIncarnation(to), Messages: messages}
}

// line2 returns p1->p2 and all pieces of a snapshot with message 2 in flight.
func line2() (*Topology, []Piece) {
	return graph("p1->p2"), []Piece{
		recorded("p1", []Count{{"p2", 2}}, nil),
		closedOut("p1", "p2"),
		recorded("p2", nil, []Count{{"p1", 1}}),
		closedIn("p1", "p2", batch(2, "b")),
	}
}

func TestCollectorAssembles(t *testing.T) {
	topology, pieces := line2()
	c := collect(t, topology)
	if got, want := c.Progress(), (Progress{Processes: 2, Channels: 1}); got != want {
		t.Errorf("progress %+v, want %+v", got, want)
	}
	for i, p := range pieces {
		if c.Done() {
			t.Errorf("done after %d pieces, want after %d", i, len(pieces))
		}
		if err := c.Add(time.Duration(i+1)*time.Millisecond, p); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := c.Progress(), (Progress{Processes: 2, Recorded: 2, Channels: 1, Closed: 1, InFlight: 1}); got != want {
		t.Errorf("progress %+v, want %+v", got, want)
	}
	g := c.Assemble(5*time.Millisecond, nil)
	want := `S complete, initiated by p1
p1: state "p1"
p2: state "p2"
p1->p2: sent 2, received 1, in flight [2:b]
`
	if !c.Done() || g.String() != want || g.InFlight() != 1 || g.Status() != "complete" {
		t.Errorf("done %v, %s %s, want done and\n%s", c.Done(), g.Status(), g, want)
	}
	p := g.Processes[0]
	if p.RecordedAfter != time.Millisecond || p.CompletedAfter != 2*time.Millisecond || !p.Completed || g.Elapsed != 5*time.Millisecond {
		t.Errorf("times %+v, elapsed %v, want 1 ms, 2 ms and 5 ms", p, g.Elapsed)
	}
}

// Pieces may come again and in any order.
func TestCollectorIgnoresWhatCameAlready(t *testing.T) {
	topology, pieces := line2()
	c := collect(t, topology, pieces...)
	before, progress := c.Assemble(0, nil).String(), c.Progress()
	for _, p := range append(pieces, recorded("p1", []Count{{"p2", 9}}, nil), closedIn("p1", "p2")) {
		if err := c.Add(time.Hour, p); err != nil {
			t.Errorf("%s again: got error %v, want none", p, err)
		}
	}
	if after := c.Assemble(0, nil); after.String() != before || c.Progress() != progress || after.Processes[0].CompletedAfter > time.Second {
		t.Errorf("got\n%s\nwant as before\n%s", after, before)
	}
}

func TestPiecesThatDoNotFit(t *testing.T) {
	topology := graph("p1->p2 p2->p3")
	for _, test := range []struct {
		piece Piece
		err   string
	}{
		{recorded("p9", nil, nil), `part of "p9": no such process in the cluster`},
		{recorded("p1", nil, nil), "part of p1: sent: 0 counts, expected one for each of 1 channels"},
		{recorded("p1", []Count{{"p3", 0}}, nil), "part of p1: sent: count for p3, expected one for p2"},
		{recorded("p1", []Count{{"p2", 0}}, []Count{{"p2", 0}}), "part of p1: received: 1 counts, expected one for each of 0 channels"},
		{closedIn("p2", "p1"), "part of p1: it has no such end of p2->p1"},
		{closedOut("p1", "p3"), "part of p1: it has no such end of p1->p3"},
		{Closed{Process: "p3", Channel: Channel{"p1", "p2"}}, "part of p3: it has no such end of p1->p2"},
		{Closed{Process: "p2", Channel: Channel{"p1", "p2"}, Outgoing: true}, "part of p2: it has no such end of p1->p2"},
	} {
		c := collect(t, topology)
		if err := c.Add(0, test.piece); err == nil || err.Error() != test.err {
			t.Errorf("%s: error %v, want %s", test.piece, err, test.err)
		}
		if got, want := c.Progress(), (Progress{Processes: 3, Channels: 2}); got != want {
			t.Errorf("%s: progress %+v, want %+v", test.piece, got, want)
		}
	}
}

// wantMissing assembles the pieces and compares the list of what is missing.
func wantMissing(t *testing.T, c *Collector, done bool, want ...string) *Global {
	t.Helper()
	g := c.Assemble(0, func(id ProcessID) (Reason, string) { return Unreachable, "since " + string(id) })
	var got []string
	for _, m := range g.Missing {
		got = append(got, m.String())
	}
	if !slices.Equal(got, want) || c.Done() != done || g.Complete() != (len(want) == 0) {
		t.Errorf("done %v, missing\n  %s\nwant done %v, missing\n  %s", c.Done(), strings.Join(got, "\n  "), done, strings.Join(want, "\n  "))
	}
	return g
}

func TestMissing(t *testing.T) {
	topology, all := line2()
	r1, out, r2, in := all[0], all[1], all[2], all[3]
	two := in.(Closed)
	two.Messages = nil
	other := out.(Closed)
	other.Peer = "p2-2"
	failed := func(id ProcessID, r Reason) Failed { return Failed{Process: id, Reason: r, Detail: "why"} }
	for _, test := range []struct {
		name   string
		pieces []Piece
		done   bool
		want   []string
	}{
		{"nothing came", nil, false, []string{"p1: unreachable: since p1", "p2: unreachable: since p2"}},
		{"one part came", []Piece{r1, out}, false, []string{"p2: unreachable: since p2"}},
		{"open at the receiver", []Piece{r1, out, r2}, false, []string{"p1->p2: marker not received"}},
		{"open at the sender", []Piece{r1, r2, in}, false, []string{"p1->p2: part not received: the record of p1's end did not come"}},
		{"open at both ends", []Piece{r1, r2}, false, []string{"p1->p2: marker not received: no record of p1's end came: perhaps it has no connection with p2"}},
		{"not proven", []Piece{r1, out, r2, two}, true, []string{"p1->p2: certificate not proven: a bug: message 2 is not recorded"}},
		{"other incarnation", []Piece{r1, other, r2, in}, true, []string{"p1->p2: process restarted: the ends counted in different incarnations"}},
		{"sender refused", []Piece{failed("p1", Refused), r2}, true, []string{"p1: refused: why"}},
		{"receiver refused", []Piece{r1, out, failed("p2", Refused)}, true, []string{"p2: refused: why"}},
		{"both refused", []Piece{failed("p1", Refused), failed("p2", Refused)}, true, []string{"p1: refused: why", "p2: refused: why"}},
		{"refused twice", []Piece{failed("p1", Refused), failed("p1", PartTooLarge), r2}, true, []string{"p1: refused: why"}},
		{"part too large", []Piece{r1, out, failed("p2", PartTooLarge)}, true, []string{"p2: part too large: why"}},
		{"the rest of the receiver's part is too large", []Piece{r1, out, r2, failed("p2", PartTooLarge)}, true, []string{"p1->p2: part too large: why"}},
		{"the rest of the sender's part is too large", []Piece{r1, failed("p1", PartTooLarge), r2, in}, true, []string{"p1->p2: part too large: why"}},
		{"restarted", []Piece{r1, failed("p2", ProcessRestarted)}, true, []string{"p2: process restarted: why"}},
		{"restarted after its part", append(slices.Clip(all), failed("p2", ProcessRestarted)), true, []string{"p2: process restarted: why", "p1->p2: process restarted"}},
		{"restarted and refused", append(slices.Clip(all), failed("p1", Refused), failed("p1", ProcessRestarted)), true, []string{"p1: process restarted: why", "p1->p2: process restarted"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := wantMissing(t, collect(t, topology, test.pieces...), test.done, test.want...)
			if g.Status() != "partial" || g.Channels[0].Known || g.Channels[0].Messages != nil {
				t.Errorf("got %+v, want a partial snapshot without the messages of p1->p2", g)
			}
		})
	}
	if g := collect(t, topology).Assemble(0, nil); g.Missing[0].Reason != PartNotReceived {
		t.Errorf("without a reason: %s, want %s", g.Missing[0], PartNotReceived)
	}
}

// A process that restarts after its part came can report a second part, of its new
// incarnation, if a process that it reaches has not heard of the restart. The Collector
// must trust neither part: here it would take message 2 from the new one.
func TestPartsOfTwoIncarnations(t *testing.T) {
	topology, pieces := line2()
	renewed := recorded("p1", []Count{{"p2", 2}}, nil)
	renewed.Incarnation = "p1-2"
	in := closedIn("p1", "p2")
	out := closedOut("p1", "p2", batch(1, "new", "new too"))
	for _, order := range [][]Piece{
		{pieces[0], pieces[2], in, renewed, out},
		{renewed, out, pieces[0], pieces[2], in},
	} {
		g := collect(t, topology, order...).Assemble(0, nil)
		if g.Complete() || g.Channels[0].Known || g.Missing[0].Reason != ProcessRestarted {
			t.Errorf("got %s, want it partial: %s", g, ProcessRestarted)
		}
	}
}

// A failed process and the channels that wait for it do not keep a snapshot from being
// done. A channel that waits for another process does.
func TestDoneWithFailedProcesses(t *testing.T) {
	topology := graph("p1->p2 p3->p2 p2->p1")
	c := collect(t, topology,
		Failed{Process: "p3", Reason: Refused},
		recorded("p1", []Count{{"p2", 0}}, []Count{{"p2", 0}}), closedOut("p1", "p2"), closedIn("p2", "p1"),
		recorded("p2", []Count{{"p1", 0}}, []Count{{"p1", 0}, {"p3", 4}}), closedOut("p2", "p1"))
	if c.Done() {
		t.Error("done although p2 waits for p1, want not done")
	}
	if err := c.Add(0, closedIn("p1", "p2")); err != nil {
		t.Fatal(err)
	}
	g := wantMissing(t, c, true, "p3: refused")
	for _, channel := range g.Channels {
		if want := channel.Channel.From != "p3"; channel.Known != want || channel.SentKnown != want || !channel.ReceivedKnown {
			t.Errorf("got %+v, want it known %v and its receiver known", channel, want)
		}
	}
	if p := g.Processes[1]; p.ID != "p2" || p.Completed {
		t.Errorf("got %+v, want p2 not completed", p)
	}
}

// Each end reports the restarts of its peer, so the channel has the resets of both.
func TestResetsOfBothEndsAreListed(t *testing.T) {
	topology, pieces := line2()
	out, in := pieces[1].(Closed), pieces[3].(Closed)
	out.Resets = []Reset{{"p2", "p2-1", 3, true}}
	in.Resets = []Reset{{"p1", "p1-0", 4, true}, {"p1", "p1-1", 5, true}}
	g := collect(t, topology, pieces[0], out, pieces[2], in).Assemble(0, nil)
	want := slices.Concat(out.Resets, in.Resets)
	if got := g.Channels[0].Resets; !slices.Equal(got, want) {
		t.Errorf("resets %+v, want %+v", got, want)
	}
}

func TestEmptyTopologyOfOneProcess(t *testing.T) {
	c := collect(t, graph("p1"), recorded("p1", nil, nil))
	wantMissing(t, c, true)
}

// The record of an end means nothing without the state of its process, which may come
// later than the record and then too late.
func TestEndsOfAProcessWithoutStateAreUnknown(t *testing.T) {
	topology, pieces := line2()
	for absent, want := range map[int][2]Incarnation{
		0: {firstIncarnation("p1"), ""},
		2: {"", firstIncarnation("p2")},
	} {
		g := collect(t, topology, slices.Delete(slices.Clone(pieces), absent, absent+1)...).Assemble(0, nil)
		c := g.Channels[0]
		if got := [2]Incarnation{c.SeenByReceiver, c.SeenBySender}; got != want || c.Known {
			t.Errorf("without piece %d: got the incarnations %q, known %v, want %q, unknown", absent, got, c.Known, want)
		}
	}
}
