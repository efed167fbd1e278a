package saved

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"chandy/snapshot"
)

func TestManifestsThatContradictThemselvesAreFound(t *testing.T) {
	for _, c := range []struct {
		change func(*Manifest)
		want   string
	}{
		{func(m *Manifest) { m.ID = "../x" }, `id "../x"`},
		{func(m *Manifest) { m.Name = "latest" }, `name "latest"`},
		{func(m *Manifest) { m.Base = "a/b" }, `base "a/b"`},
		{func(m *Manifest) { m.Config = "" }, "config_sha256"},
		{func(m *Manifest) { m.Epoch = 0 }, "epoch 0"},
		{func(m *Manifest) { m.Number = 0 }, "number 0"},
		{func(m *Manifest) { m.Origin = &Origin{ID: "a"} }, "number 3"},
		{func(m *Manifest) { m.Number, m.Origin = 0, &Origin{} }, "from: needs either"},
		{func(m *Manifest) { m.Assembler = "p7" }, "is no process"},
		{func(m *Manifest) { m.Initiators = nil }, "is no process"},
		{func(m *Manifest) { m.Processes[1].ID = "p1" }, "ascending"},
		{func(m *Manifest) { m.Processes[1].ID = "p9." }, `process "p9."`},
		{func(m *Manifest) { m.Processes[1].Incarnation = "" }, "no incarnation"},
		{func(m *Manifest) { m.Processes[1].Restorable = false }, "why_not"},
		{func(m *Manifest) { m.Processes[1].Part.Bytes = 3 }, `process "p2"`},
		{func(m *Manifest) { m.Channels[1].To = "p7" }, "joins no two processes"},
		{func(m *Manifest) { slices.Reverse(m.Channels) }, "ascending"},
		{func(m *Manifest) { m.Channels[1].Incarnations[0] = "i2" }, "counted with the incarnations"},
		{func(m *Manifest) { m.Channels[1].Received = 7 }, "sent 6, received 7"},
		{func(m *Manifest) { m.Channels[1].InFlight = 2 }, "2 in flight"},
		{func(m *Manifest) { m.Skipped = []Skipped{{"p1", "p2", 3}} }, "skipped p1->p2#3"},
		{func(m *Manifest) { m.Then = []ThenRequest{{"p7", json.RawMessage("1")}} }, `then "p7"`},
	} {
		m, _, _ := testSnapshot(t, testID)
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		c.change(m)
		if err := m.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestNamesAreSafeAsPaths(t *testing.T) {
	for _, good := range []string{testID, "before-upgrade", "a", "A.b_c"} {
		if err := CheckID(snapshot.ID(good)); err != nil {
			t.Errorf("%q: got %v, want no error", good, err)
		}
	}
	for _, bad := range []string{"", ".", "..", ".x", "a/b", "a\\b", "a b", "a\n", "ä", "a.", strings.Repeat("a", 65), "-a"} {
		if CheckID(snapshot.ID(bad)) == nil || CheckName(bad) == nil {
			t.Errorf("%q: got no error, want one", bad)
		}
	}
	for _, bad := range []string{"latest", "now", testID} {
		if CheckName(bad) == nil {
			t.Errorf("the name %q: got no error, want one", bad)
		}
	}
}

func TestDecisionsThatContradictThemselvesAreFound(t *testing.T) {
	good := Decision{
		Number: 3, Verdict: Commit, Kind: ByHand, Ends: 1, Snapshot: testID, Manifest: Hash(nil), By: "p1",
		Voters: []Node{{"p1", "i1"}, {"p2", "i2"}},
	}
	for _, c := range []struct {
		change func(*Decision)
		want   string // empty: it is good
	}{
		{func(*Decision) {}, ""},
		{func(d *Decision) { d.Snapshot, d.Manifest = "", "" }, ""},
		{func(d *Decision) { *d = Decision{Number: 2, Verdict: Abort, By: "p1"} }, ""},
		{func(d *Decision) { d.Number = 1 }, "decisions begin at 2"},
		{func(d *Decision) { d.By = "" }, `by ""`},
		{func(d *Decision) { d.Verdict = "perhaps" }, `verdict "perhaps"`},
		{func(d *Decision) { d.Kind = "" }, `kind ""`},
		{func(d *Decision) { d.Ends = 3 }, "epoch 3 cannot end with epoch 3"},
		{func(d *Decision) { d.Ends = 0 }, "epoch 0"},
		{func(d *Decision) { d.Snapshot = "" }, "the initial state has no manifest"},
		{func(d *Decision) { d.Snapshot = "../x" }, `snapshot "../x"`},
		{func(d *Decision) { d.Manifest = "" }, "sha256 of its manifest"},
		{func(d *Decision) { d.Voters = nil }, "no voters"},
		{func(d *Decision) { d.Voters = []Node{{"p2", "i2"}, {"p1", "i1"}} }, `voter "p1"`},
		{func(d *Decision) { d.Voters = []Node{{"p1", ""}} }, `voter "p1"`},
	} {
		d := good
		c.change(&d)
		if err := d.Check(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
