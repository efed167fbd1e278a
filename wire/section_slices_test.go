package wire

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"chandy/snapshot"
)

// A section decodes to the same pieces wherever it is cut into slices. A state that lies in
// several of them remains where it is.
func TestDecodeSectionInSlices(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	chunked := 0
	for range 300 {
		pieces := randomPieces(random)
		section := slices.Concat(Section("p1", "i", pieces)...)
		for range 5 {
			var cut [][]byte
			for rest := section; len(rest) > 0; {
				n := min(len(rest), random.IntN(1+random.IntN(2*len(section))))
				cut, rest = append(cut, rest[:n:n]), rest[n:]
			}
			got, err := DecodeSection("p1", "i", cut, len(pieces))
			if err != nil {
				t.Fatalf("seed %d: got error %v", seed, err)
			}
			for i, piece := range got {
				if r, ok := piece.(snapshot.Recorded); ok && r.State.Chunks != nil {
					chunked++
					r.State.Bytes, r.State.Chunks = slices.Concat(r.State.Chunks...), nil
					got[i] = r
				}
			}
			want, err := DecodeSection("p1", "i", [][]byte{section}, len(pieces))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d: got %v, want %v (error %v)", seed, got, want, err)
			}
			if n := random.IntN(1 + len(cut)); n < len(cut) && len(cut[n]) > 0 {
				cut[n] = cut[n][:len(cut[n])-1]
				if again, err := DecodeSection("p1", "i", cut, len(pieces)); err == nil && reflect.DeepEqual(again, want) {
					t.Fatalf("seed %d: a byte is missing: got the same pieces, want an error or others", seed)
				}
			}
		}
	}
	if chunked < 100 {
		t.Errorf("seed %d: got %d states in chunks, want 100 at least", seed, chunked)
	}
}

// randomPieces returns pieces of p1 with states and messages of up to 4 * LentMax bytes.
func randomPieces(random *rand.Rand) (pieces []snapshot.Piece) {
	text := func() []byte { return bytes.Repeat([]byte("x"), random.IntN(1+random.IntN(4*LentMax))) }
	for range 1 + random.IntN(4) {
		switch random.IntN(4) {
		case 0:
			pieces = append(pieces, snapshot.Failed{Process: "p1", Reason: "unreachable", Detail: "because"})
		case 1:
			batch := snapshot.Batch{First: 1 + random.Uint64N(1000)}
			for range random.IntN(5) {
				batch.Append(text())
			}
			pieces = append(pieces, snapshot.Closed{Process: "p1", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}, Outgoing: true, Peer: "j", Messages: []snapshot.Batch{batch}})
		case 2:
			pieces = append(pieces, snapshot.Recorded{Process: "p1", Incarnation: "i", State: snapshot.State{Error: "none"}, Sent: []snapshot.Count{{Peer: "p2", N: 300}}})
		default:
			pieces = append(pieces, snapshot.Recorded{Process: "p1", Incarnation: "i", State: snapshot.State{Bytes: text(), About: &snapshot.About{Settled: "idle"}}, Received: []snapshot.Count{{Peer: "p2", N: 300}}})
		}
	}
	return pieces
}

// A chunk of more than KeptMin bytes is not overwritten by later frames.
func TestLargeChunksAreKept(t *testing.T) {
	var stream []byte
	for n := range byte(20) {
		stream = Append(stream, Chunk{Snapshot: "S", Process: "p1", Bytes: [][]byte{bytes.Repeat([]byte{n}, KeptMin+1+int(n)%2*1000)}})
	}
	r := NewReader(bytes.NewReader(stream), FrameMax)
	var kept [][]byte
	for range 20 {
		f, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, f.(Chunk).Bytes[0])
	}
	for n, chunk := range kept {
		if want := bytes.Repeat([]byte{byte(n)}, len(chunk)); !bytes.Equal(chunk, want) || cap(chunk) != len(chunk) {
			t.Errorf("chunk %d: got other bytes after the last frame, or room behind it (%d of %d)", n, len(chunk), cap(chunk))
		}
	}
}

// A state in slices is encoded as the same bytes as one in a single slice.
func TestSectionOfAStateInSlices(t *testing.T) {
	for _, size := range []int{0, 1, ReferMin, 10 * ReferMin} {
		whole := bytes.Repeat([]byte("s"), size)
		one := snapshot.Recorded{Process: "p1", Incarnation: "i", State: snapshot.State{Bytes: whole}, Sent: []snapshot.Count{{Peer: "p2", N: 4}}}
		several := one
		several.State = snapshot.State{Chunks: slices.Collect(slices.Chunk(whole, 1+size/3))}
		got, want := slices.Concat(Section("p1", "i", []snapshot.Piece{several})...), encoded(one)
		if !bytes.Equal(got, want) {
			t.Errorf("state of %d bytes: got a section of %d bytes, want the same %d as for one slice", size, len(got), len(want))
		}
	}
}
