package core

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

const ms = time.Millisecond

// welcomeFromP2 lets the uplink's dial to p2 succeed at a time.
func welcomeFromP2(c *Core, now time.Duration) (written []Effect, conn ConnID) {
	conn = c.epoch.uplink("p2").conn
	c.Step(now, []Event{Dialled{Conn: conn}})
	return c.Step(now, []Event{Arrived{conn, []wire.Frame{wire.Welcome{Version: wire.Version, Epoch: 1, Incarnation: "i"}}}}), conn
}

// The times of a part go before its state, and say when that was sent, even if the
// connection came late.
func TestTimesGoBeforeTheState(t *testing.T) {
	c, p := started(t)
	p.silent = true
	c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "i")})
	marker := wire.Marker{Ordinal: 1, Snapshot: "S", Assembler: "p2", TimeLeft: time.Hour}
	c.Step(2*ms, []Event{Arrived{-1, []wire.Frame{marker}}})
	about := &snapshot.About{Settled: "acknowledged", SettledAt: 5 * ms, AskedAt: 6 * ms}
	c.Step(8*ms, []Event{Called{func() { p.done(program.State{Bytes: []byte("1"), About: about}) }}})
	c.Step(8*ms+pieceDelay, nil)
	effects, conn := welcomeFromP2(c, 8*ms+pieceDelay+10*ms)
	chunks := written[wire.Chunk](effects, conn)
	if len(chunks) < 2 {
		t.Fatalf("got %d chunks, want the times and then the state", len(chunks))
	}
	first, err := wire.DecodeSection("p1", "p1", chunks[0].Bytes, 9)
	if err != nil {
		t.Fatal(err)
	}
	want := snapshot.Timed{Process: "p1", Incarnation: "p1", Times: snapshot.Times{
		Settled: 3 * ms, Asked: 4 * ms, Encoded: 6 * ms, Sent: 16*ms + pieceDelay,
	}}
	if !slices.Equal(first, []snapshot.Piece{want}) {
		t.Errorf("first section: got %#v, want %#v", first, want)
	}
	if last := chunks[1]; chunks[0].Section == last.Section || !chunks[0].Last {
		t.Errorf("sections: got %d and %d, want two whole ones", chunks[0].Section, last.Section)
	}
}

// The assembler's own times are in the snapshot. Its first marker came after it had
// recorded, so that does not count.
func TestTimesOfTheAssembler(t *testing.T) {
	c, p := started(t)
	p.silent = true
	control(c, ms, wire.InitiateRequest{TimeoutMS: 1000})
	c.Step(5*ms, []Event{Called{func() { p.done(program.State{Bytes: []byte("1")}) }}})
	var text strings.Builder
	for _, r := range carriedOut(c, 2*time.Second, c.Step(2*time.Second, nil)) {
		text.Write(r.Body)
	}
	want := `"times": {"first_marker_ms": null, "held_ms": 0, "settled_ms": null, "asked_ms": 0, "encoded_ms": 4, "sent_ms": 4}`
	if !strings.Contains(text.String(), want) {
		t.Errorf("got %s, want %s", text.String(), want)
	}
}
