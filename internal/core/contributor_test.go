package core

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// assembler is the core of p1, which assembles a snapshot, with an assembly connection
// from p2, number -1.
type assembler struct {
	*Core
	from  *contributor
	begun *assembling
}

func newAssembler(t *testing.T) *assembler {
	t.Helper()
	c, _ := started(t)
	a := &assembler{Core: c}
	a.Step(0, []Event{fromP2(c, -1, wire.RoleAssembly, "i")})
	a.from = c.conns[-1].handler.(*contributor)
	a.Step(1, []Event{Called{func() {
		var err error
		if a.begun, err = c.epoch.initiate([]snapshot.ProcessID{"p1"}, time.Second, func(*taken) {}); err != nil {
			t.Fatal(err)
		}
	}}})
	return a
}

// receive makes a step in which a section of p2 arrives. It returns the section, and
// what the step writes to p2, and its exits.
func (a *assembler) receive(pieces ...snapshot.Piece) (section []byte, answer string) {
	section = slices.Concat(wire.Section("p2", "i", pieces)...)
	chunk := wire.Chunk{Snapshot: a.begun.ID, Process: "p2", Last: true, Bytes: [][]byte{section}}
	effects := a.Step(2, []Event{Arrived{-1, []wire.Frame{chunk}}})
	return section, fmt.Sprint(written[wire.Frame](effects, -1), only[Exit](effects))
}

// Decoded pieces must not refer to the memory of the frame, however long it is.
func TestPartOutlivesItsFrame(t *testing.T) {
	for _, size := range []int{10, wire.LentMax - 1000, wire.LentMax + 1, 3 * wire.LentMax} {
		a := newAssembler(t)
		state := bytes.Repeat([]byte("1"), size)
		batch := snapshot.Batch{First: 1}
		batch.Append([]byte("mm"))
		section, answer := a.receive(
			snapshot.Recorded{Process: "p2", Incarnation: "i", State: snapshot.State{Bytes: state},
				Sent: []snapshot.Count{{Peer: "p1"}}, Received: []snapshot.Count{{Peer: "p1"}}},
			snapshot.Closed{Process: "p2", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}, Peer: "p1", Messages: []snapshot.Batch{batch}},
		)
		if want := "[] []"; answer != want {
			t.Errorf("state of %d bytes: got the answer %s, want %s", size, answer, want)
		}
		if got := a.begun.collector.Progress().Recorded; got != 2 {
			t.Fatalf("state of %d bytes: got %d parts, want 2", size, got)
		}
		for i := range section {
			section[i] = 'x'
		}
		g := a.begun.collector.Assemble(0, func(snapshot.ProcessID) (snapshot.Reason, string) { return "", "" })
		if got := g.Processes[1]; !bytes.Equal(got.State.Bytes, state) || got.Incarnation != "i" {
			t.Errorf("state of %d bytes: got %.200s, want ones and incarnation i", size, fmt.Sprint(got))
		}
	}
}

// The memory of a section is freed when the section is whole. A section without an end
// ends the connection, even if its chunks have no bytes.
func TestSectionsAreFreed(t *testing.T) {
	a := newAssembler(t)
	chunk := func(section uint64, last bool, text ...string) error {
		f := wire.Chunk{Process: "p2", Section: section, Last: last}
		for _, s := range text {
			f.Bytes = append(f.Bytes, []byte(s))
		}
		_, _, err := a.from.section(f)
		return err
	}
	if err := errors.Join(chunk(1, false), chunk(1, true, "abc"), chunk(2, false, "abc"), chunk(2, false, ""), chunk(2, true, "d"), chunk(3, true, "e")); err != nil {
		t.Fatal(err)
	}
	if len(a.from.sections) > 0 || a.from.bytes != 0 {
		t.Errorf("kept after three whole sections: got %d sections and %d bytes, want 0 and 0", len(a.from.sections), a.from.bytes)
	}
	const most = PartMax / sectionBytes
	for i := uint64(0); chunk(i, false) == nil; i++ {
		if i > most {
			t.Fatalf("empty chunks without an error: got %d, want at most %d", i, most)
		}
	}
}

func TestPiecesAreBounded(t *testing.T) {
	a := newAssembler(t)
	piece := snapshot.Closed{Process: "p2", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}, Peer: "p1"}
	const most = 2 + otherPieces
	_, got := a.receive(slices.Repeat([]snapshot.Piece{piece}, most+1)...)
	if want := fmt.Sprintf("more than %d pieces", most); !strings.Contains(got, want) {
		t.Errorf("answer to %d pieces: got %s, want %q in it", most+1, got, want)
	}
}

// A peer has one connection for its parts. A new one takes the place of the one before,
// also in the snapshots to which that has contributed.
func TestPeersHaveOneAssemblyConnection(t *testing.T) {
	a := newAssembler(t)
	for conn := ConnID(-2); conn > -20; conn-- {
		chunk := wire.Chunk{Snapshot: a.begun.ID, Process: "p2", Bytes: [][]byte{make([]byte, 100)}}
		a.Step(2, []Event{Arrived{conn + 1, []wire.Frame{chunk}}})
		closed := only[Close](a.Step(2, []Event{fromP2(a.Core, conn, wire.RoleAssembly, "i")}))
		if len(closed) != 1 || closed[0].Conn != conn+1 {
			t.Fatalf("connection %d: got %v, want the one before closed", -conn, closed)
		}
	}
	if got := len(a.begun.contributors); got != 0 {
		t.Errorf("contributors whose connections have ended: got %d, want 0", got)
	}
	if got := a.Holdings()["sections"]; got != 0 {
		t.Errorf("sections whose connections have ended: got %d, want 0", got)
	}
}
