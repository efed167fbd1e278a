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

// assembler is the core of p1 with an assembly connection from p2, number -1.
type assembler struct {
	*testing.T
	*Core
	from *contributor
	end  time.Duration // of the last step
}

func newAssembler(t *testing.T) *assembler {
	a := &assembler{T: t, Core: newCores(t)[0]}
	a.Core.Step(0, []Event{begun()})
	a.at(0, Called{func() { a.Core.epoch.openAssembly(-1, "p2", "i") }})
	a.from = a.conns[-1].handler.(*contributor)
	return a
}

// at steps and gives what is written to p2, as text, and "exit".
func (a *assembler) at(now time.Duration, events ...Event) (all []string) {
	a.end = now
	for _, e := range a.Core.Step(now, events) {
		switch e := e.(type) {
		case Write:
			for _, f := range e.Frames {
				if e.Conn == -1 {
					all = append(all, fmt.Sprint(f))
				}
			}
		case Exit:
			all = append(all, "exit")
		}
	}
	return all
}

func (a *assembler) want(got []string, want ...string) {
	a.Helper()
	if !slices.Equal(got, want) {
		a.Errorf("at %v:\n got %q\nwant %q", a.end, got, want)
	}
}

// What is decoded does not lie in the memory of the frame, however long it is.
func TestPartOutlivesItsFrame(t *testing.T) {
	for _, size := range []int{10, wire.LentMax - 1000, wire.LentMax + 1, 3 * wire.LentMax} {
		a := newAssembler(t)
		var begun *assembling
		a.at(1, Called{func() {
			var err error
			if begun, err = a.Core.epoch.initiate([]snapshot.ProcessID{"p1"}, time.Second, func(*snapshot.Global) {}); err != nil {
				t.Fatal(err)
			}
		}})
		state := bytes.Repeat([]byte("1"), size)
		batch := snapshot.Batch{First: 1}
		batch.Append([]byte("mm"))
		section := slices.Concat(wire.Section("p2", "i", []snapshot.Piece{
			snapshot.Recorded{Process: "p2", Incarnation: "i", State: snapshot.State{Bytes: state},
				Sent: []snapshot.Count{{Peer: "p1"}}, Received: []snapshot.Count{{Peer: "p1"}}},
			snapshot.Closed{Process: "p2", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}, Peer: "p1", Messages: []snapshot.Batch{batch}},
		})...)
		a.want(a.at(2, Arrived{-1, []wire.Frame{wire.Chunk{Snapshot: begun.ID, Process: "p2", Last: true, Bytes: [][]byte{section}}}}))
		if begun.collector.Progress().Recorded != 2 {
			t.Fatalf("%d bytes: the part has not come", size)
		}
		for i := range section {
			section[i] = 'x'
		}
		g := begun.collector.Assemble(0, func(snapshot.ProcessID) (snapshot.Reason, string) { return "", "" })
		if !bytes.Equal(g.Processes[1].State.Bytes, state) || g.Processes[1].Incarnation != "i" {
			t.Errorf("%d bytes: %.200s", size, fmt.Sprint(g.Processes[1]))
		}
	}
}

// A section is freed when it is whole, and one that goes on for ever ends the
// connection, with chunks that have no bytes too.
func TestSectionsAreFreed(t *testing.T) {
	a := newAssembler(t)
	chunk := func(section uint64, last bool, text string) error {
		_, _, err := a.from.section(wire.Chunk{Process: "p2", Section: section, Last: last, Bytes: [][]byte{[]byte(text)}})
		return err
	}
	empty := func(section uint64) error {
		_, _, err := a.from.section(wire.Chunk{Process: "p2", Section: section})
		return err
	}
	if err := errors.Join(empty(1), chunk(1, true, "abc"), chunk(2, false, "abc"), chunk(2, false, ""), chunk(2, true, "d"), chunk(3, true, "e")); err != nil {
		t.Fatal(err)
	}
	if len(a.from.sections) > 0 || a.from.bytes != 0 {
		t.Errorf("%d sections with %d bytes are kept", len(a.from.sections), a.from.bytes)
	}
	for i := uint64(0); ; i++ {
		if err := empty(i); err != nil {
			break
		}
		if i > PartMax/sectionBytes {
			t.Fatal("empty chunks may come for ever")
		}
	}
}

// A part has so many pieces and no more.
func TestPiecesAreBounded(t *testing.T) {
	a := newAssembler(t)
	var begun *assembling
	a.at(1, Called{func() {
		begun, _ = a.Core.epoch.initiate([]snapshot.ProcessID{"p1"}, time.Second, func(*snapshot.Global) {})
	}})
	piece := snapshot.Closed{Process: "p2", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}, Peer: "p1"}
	section := slices.Concat(wire.Section("p2", "i", slices.Repeat([]snapshot.Piece{piece}, 2+otherPieces+1))...)
	got := a.at(2, Arrived{-1, []wire.Frame{wire.Chunk{Snapshot: begun.ID, Process: "p2", Last: true, Bytes: [][]byte{section}}}})
	if len(got) != 1 || !strings.Contains(got[0], "more than 18 pieces") {
		t.Errorf("%q", got)
	}
}
