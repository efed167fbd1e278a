package saved

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"chandy/internal/verify"
)

// frame returns a body as a sealed record with the right hash: a fuzzer would not find one.
func frame(body []byte) []byte {
	return fmt.Appendf(nil, "%s%s%s%s%s", sealHead, Hash(body), sealInner, body, sealEnd)
}

// FuzzRecord opens a record that another node or person has put into the store. A record that
// is accepted is sealed to bytes that open as the same record.
func FuzzRecord(f *testing.F) {
	kinds := []func() Record{
		func() Record { return new(Manifest) }, func() Record { return new(Decision) }, func() Record { return new(Taken) },
		func() Record { return new(Abandoned) }, func() Record { return new(Run) }, func() Record { return new(Fate) },
		func() Record { return new(Ending) }, func() Record { return new(Damaged) },
	}
	m, _, _ := testSnapshot(f, testID)
	for _, r := range []Record{
		m, &Decision{Number: 3, Verdict: Commit, Kind: ByHand, Ends: 1, Snapshot: testID, Manifest: Hash(nil), By: "p1", Voters: []Node{{"p1", "i1"}}},
		&Taken{Epoch: 1, Number: 3, ID: testID, By: Node{"p1", "i1"}}, &Abandoned{Epoch: 1, Number: 3, ID: testID, Why: "x"},
		&Run{}, &Fate{ID: "a", Sequence: 1}, &Ending{}, &Damaged{Object: "epochs/2"},
	} {
		sealed := Seal(r)
		f.Add(sealed[len(sealHead)+hashLen+len(sealInner) : len(sealed)-len(sealEnd)])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if Open(body, new(Manifest)) == nil {
			t.Fatal("a record without a frame was opened")
		}
		for _, kind := range kinds {
			got, again := kind(), kind()
			if err := Open(frame(body), got); err != nil {
				if !isCorrupt(err) {
					t.Fatalf("%s: got %v, want a CorruptError", got.Format(), err)
				}
				continue
			}
			if c, ok := got.(interface{ Check() error }); ok && c.Check() != nil {
				continue
			}
			sealed := Seal(got)
			if err := Open(sealed, again); err != nil || !bytes.Equal(Seal(again), sealed) {
				t.Fatalf("%s: got %v and\n%s, want\n%s", got.Format(), err, Seal(again), sealed)
			}
			if e, ok := got.(*Ending); ok {
				_, _ = e.String(), e.Skip()
			}
		}
	})
}

// FuzzPart reads a part whose hash is right, as another implementation could write it. Parts
// that fit the manifest and each other are a consistent snapshot.
func FuzzPart(f *testing.F) {
	_, parts, _ := testSnapshot(f, testID)
	state, rest, _ := bytes.Cut(parts["p1"], []byte("}"))
	bodies, index, _ := bytes.Cut(rest, []byte("\n"))
	f.Add(append(state, '}'), bodies, index)
	f.Fuzz(func(t *testing.T, state, bodies, index []byte) {
		m, parts, summaries := testSnapshot(t, testID)
		part := slices.Concat(state, bodies, []byte("\n"), index)
		m.Processes[0].Part = Size{Bytes: uint64(len(part)), StateBytes: uint64(len(state)), IndexBytes: uint64(len(index)), SHA256: Hash(part)}
		p1, err := ReadPart(bytes.NewReader(part), m, "p1")
		if err != nil {
			if !isCorrupt(err) {
				t.Fatalf("got %v, want a CorruptError", err)
			}
			return
		}
		p2, err := ReadPart(bytes.NewReader(parts["p2"]), m, "p2")
		if err != nil {
			t.Fatal(err)
		}
		if len(Verify(m, []Summary{p1.Summary(m.Processes[0].Part), summaries[1]})) > 0 {
			return
		}
		text := document(t, m, []*Part{p1, p2})
		if report, err := verify.Check(strings.NewReader(text)); err != nil || !report.Consistent() {
			t.Fatalf("got %+v, %v, want a consistent snapshot:\n%s", report, err, text)
		}
	})
}
