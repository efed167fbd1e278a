package core

import (
	"fmt"
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// journaled takes part in a snapshot of p2, as p1, and returns the journals among the pieces
// of the part, and the core.
func journaled(t *testing.T, asked bool) (journals []snapshot.Journal, c *Core) {
	t.Helper()
	c, p := started(t)
	c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "i")})
	var batch snapshot.Batch
	batch.First = 1
	batch.Append([]byte(`{"type":"ask"}`))
	c.Step(2*ms, []Event{Arrived{-1, []wire.Frame{wire.Data{Batch: batch}}}}) // the program sends it back
	marker := wire.Marker{Ordinal: 1, Snapshot: "S", Assembler: "p2", TimeLeft: time.Hour, Sent: 1, Wants: snapshot.Wants{Journal: asked}}
	c.Step(5*ms, []Event{Arrived{-1, []wire.Frame{marker}}})
	if p.received != 1 {
		t.Fatalf("received: got %d messages, want 1", p.received)
	}
	c.Step(5*ms+pieceDelay, nil)
	effects, conn := welcomeFromP2(c, 6*ms+pieceDelay)
	for _, chunk := range written[wire.Chunk](effects, conn) {
		pieces, err := wire.DecodeSection("p1", "p1", chunk.Bytes, 9)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range pieces {
			if j, ok := piece.(snapshot.Journal); ok {
				journals = append(journals, j)
			}
		}
	}
	return journals, c
}

func TestPartHasTheJournalIfAsked(t *testing.T) {
	journals, c := journaled(t, true)
	if len(journals) != 1 {
		t.Fatalf("got %d journals, want 1", len(journals))
	}
	got := ""
	for _, e := range journals[0].Events {
		got += fmt.Sprintf("%s %v %s %d %d %q\n", e.Kind, e.At, e.Peer, e.Seq, e.Bytes, e.Type)
	}
	want := `received -3ms p2 1 14 "ask"
sent -3ms p2 1 14 "ask"
marker_received 0s p2 1 0 ""
recorded 0s  0 0 ""
marker_sent 0s p2 1 0 ""
`
	if got != want {
		t.Errorf("events: got\n%swant\n%s", got, want)
	}
	if got := len(c.epoch.windows); got != 0 {
		t.Errorf("windows of a part that is sent: got %d, want none", got)
	}
	if journals, _ := journaled(t, false); len(journals) != 0 {
		t.Errorf("not asked for: got %v, want no journal", journals)
	}
}

// The markers of this process pass the request on, and so does a join.
func TestMarkersAskForJournals(t *testing.T) {
	for _, asked := range []bool{true, false} {
		c, _ := started(t)
		control(c, 1, wire.InitiateRequest{At: []snapshot.ProcessID{"p1", "p2"}, TimeoutMS: 1000, Journal: asked})
		marker, _ := c.epoch.outgoing("p2").next()
		if marker != nil {
			t.Fatalf("got %v, want no frame before the channel is up", marker)
		}
		conn := c.epoch.outgoing("p2").conn
		c.Step(2, []Event{Dialled{Conn: conn}})
		welcome := wire.Welcome{Version: wire.Version, Epoch: 1, Incarnation: "i"}
		markers := written[wire.Marker](c.Step(2, []Event{Arrived{conn, []wire.Frame{welcome}}}), conn)
		effects, up := welcomeFromP2(c, 3)
		joins := written[wire.Join](effects, up)
		if len(markers) != 1 || markers[0].Journal != asked || len(joins) != 1 || joins[0].Journal != asked {
			t.Errorf("asked %v: got the markers %v and the joins %v, want one of each that says so", asked, markers, joins)
		}
	}
}

// A window counts in the memory of the node until its snapshot has ended, however it ends.
func TestWindowsCountAndEnd(t *testing.T) {
	c, _ := started(t)
	c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "i"), fromP2(c, -2, wire.RoleAssembly, "i")})
	before := c.epoch.memory().Recordings
	join := wire.Join{Snapshot: "S", Assembler: "p2", TimeLeft: time.Second, Wants: snapshot.Wants{Journal: true}}
	c.Step(2, []Event{Arrived{-2, []wire.Frame{join}}}) // the marker of p2 does not come
	if got, want := c.epoch.memory().Recordings-before, c.epoch.windows["S"].Bytes(); got != want || want == 0 {
		t.Errorf("recordings: got %d bytes, want %d", got, want)
	}
	c.Step(2+time.Second, nil)
	if got := c.epoch.memory().Recordings; got != before || len(c.epoch.windows) != 0 {
		t.Errorf("after the time-out: got %d bytes in %d windows, want %d in none", got, len(c.epoch.windows), before)
	}
}
