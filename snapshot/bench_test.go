package snapshot

import (
	"fmt"
	"testing"
)

// BenchmarkRecorder is one process's side of a snapshot in a mesh of 32 idle
// processes: the first marker, the recording, then the other 30 markers.
func BenchmarkRecorder(b *testing.B) {
	mesh := benchMesh(32)
	h := newHost("p01", firstIncarnation("p01"), mesh, 1)
	b.ReportAllocs()
	for n := range b.N {
		start := Start{ID: ID(fmt.Sprint(n)), Assembler: "p02", Deadline: timeout, Timeout: timeout}
		for i, from := range mesh.In("p01") {
			h.recorder.MarkerReceived(from, Marker{Start: start})
			if i == 0 {
				h.recorder.StateRecorded(State{Bytes: []byte("{}")})
			}
		}
		if h.recorder.Recording() {
			b.Fatal("the recording has not ended")
		}
	}
}

// BenchmarkCollector assembles one snapshot of a mesh of 32 idle processes.
func BenchmarkCollector(b *testing.B) {
	mesh := benchMesh(32)
	var pieces []Piece
	for _, id := range mesh.Processes {
		h := newHost(id, firstIncarnation(id), mesh, 1)
		effects, err := h.recorder.Initiate(Start{ID: "S", Assembler: "p01", Deadline: timeout, Timeout: timeout})
		if err != nil {
			b.Fatal(err)
		}
		effects = append(effects, h.recorder.StateRecorded(State{Bytes: []byte("{}")})...)
		for _, from := range mesh.In(id) {
			effects = append(effects, h.recorder.MarkerReceived(from, Marker{Start: Start{ID: "S"}})...)
		}
		pieces = append(pieces, piecesOf(effects)...)
	}
	b.ReportAllocs()
	for b.Loop() {
		c := NewCollector(Plan{ID: "S", Topology: mesh})
		for _, p := range pieces {
			if err := c.Add(0, p); err != nil {
				b.Fatal(err)
			}
		}
		if g := c.Assemble(0, nil); !g.Complete() {
			b.Fatal(g)
		}
	}
}

func piecesOf(effects []Effect) []Piece {
	var all []Piece
	for _, e := range effects {
		if r, ok := e.(Report); ok {
			all = append(all, r.Piece)
		}
	}
	return all
}

// benchMesh has n processes and a channel from each to every other.
func benchMesh(n int) *Topology {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("p%02d", i+1))
	}
	return graph(meshOf(all))
}
