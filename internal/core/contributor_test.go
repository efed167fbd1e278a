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
		if a.begun, err = c.epoch.initiate([]snapshot.ProcessID{"p1"}, time.Second, snapshot.Wants{}, func(*taken) {}); err != nil {
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
		_, err := a.from.section(f)
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
	piece := snapshot.Closed{Process: "p2", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}, Peer: "p1"}
	const most = 2 + otherPieces
	want := fmt.Sprintf("more than %d pieces", most)
	for _, n := range []int{most - 1, most, most + 1} {
		_, got := newAssembler(t).receive(slices.Repeat([]snapshot.Piece{piece}, n)...)
		if refused := strings.Contains(got, want); refused != (n > most) {
			t.Errorf("answer to %d pieces: got %s, want %q in it: %t", n, got, want, n > most)
		}
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

// A large section is decoded off the loop, and its state is not copied: the snapshot refers
// to the memory of large chunks.
func TestLargeStatesAreNotCopied(t *testing.T) {
	const size = 10 << 20
	a := newAssembler(t)
	state := bytes.Repeat([]byte("1"), size)
	recorded := snapshot.Recorded{Process: "p2", Incarnation: "i", State: snapshot.State{Bytes: state},
		Sent: []snapshot.Count{{Peer: "p1"}}, Received: []snapshot.Count{{Peer: "p1"}}}
	var effects []Effect
	frames := chunks("p2", a.begun.ID, 0, wire.Section("p2", "i", []snapshot.Piece{recorded}))
	for i, f := range frames {
		c := f.(wire.Chunk)
		c.Bytes = [][]byte{slices.Clip(slices.Concat(c.Bytes...))} // as the reader returns it
		frames[i] = c
		effects = a.Step(2, []Event{Arrived{-1, frames[i : i+1]}})
		if got := a.status().Memory.Parts; got < i*wire.ChunkMax {
			t.Fatalf("chunk %d: got parts of %d bytes, want them counted", i, got)
		}
	}
	if got := a.begun.collector.Progress().Recorded; got != 1 || len(only[Background](effects)) != 1 {
		t.Errorf("in the step of the last chunk: got %d parts and the effects %v, want 1 part and a job off the loop", got, effects)
	}
	if got := a.status().Memory.Parts; got < size {
		t.Errorf("while the section is decoded: got parts of %d bytes, want them counted", got)
	}
	carriedOut(a.Core, 3, effects)
	got := a.begun.collector.Assemble(0, nil).Processes[1].State
	if len(got.Chunks) != len(frames) || !bytes.Equal(slices.Concat(got.Chunks...), state) {
		t.Fatalf("got a state of %d bytes in %d chunks, want %d bytes in %d", got.Len(), len(got.Chunks), size, len(frames))
	}
	for i, chunk := range got.Chunks[1 : len(got.Chunks)-1] {
		if &chunk[0] != &frames[i+1].(wire.Chunk).Bytes[0][0] {
			t.Fatalf("chunk %d: got a copy, want the memory of the frame", i+1)
		}
	}
}

// A violation that is found off the loop ends the connection, if it is still there.
func TestViolationsInLargeSections(t *testing.T) {
	for _, gone := range []bool{false, true} {
		a := newAssembler(t)
		chunk := wire.Chunk{Snapshot: a.begun.ID, Process: "p2", Last: true, Bytes: [][]byte{make([]byte, 2*inlineMax)}}
		effects := a.Step(2, []Event{Arrived{-1, []wire.Frame{chunk}}})
		work := only[Background](effects)[0]
		if gone {
			a.Step(2, []Event{Closed{Conn: -1}})
		}
		effects = a.Step(3, []Event{Called{func() { work.Then(work.Work()) }}})
		if got := len(only[Close](effects)); got != 1 && !gone || got != 0 && gone {
			t.Errorf("connection gone before: %v: got %d closed connections", gone, got)
		}
	}
}

// Small chunks are joined in blocks, for which little more memory is taken than has come.
func TestSectionsOfSmallChunks(t *testing.T) {
	var s section
	var want []byte
	frame := make([]byte, 3000) // used again for each chunk
	for i := range 5000 {
		b := frame[:1+i%3000]
		for k := range b {
			b[k] = byte(i + k)
		}
		want = append(want, b...)
		s.add(b)
		room := 0
		for _, block := range s.chunks {
			room += cap(block)
		}
		if room > 2*s.bytes && room > s.bytes+blockMax+8<<10 || s.bytes != len(want) {
			t.Fatalf("after %d bytes: got room for %d and %d counted, want little more", len(want), room, s.bytes)
		}
	}
	if !bytes.Equal(slices.Concat(s.chunks...), want) {
		t.Error("got other bytes than were added")
	}
}
