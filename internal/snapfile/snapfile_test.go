package snapfile

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"chandy/internal/config"
	"chandy/internal/question/eval"
	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
	"chandy/snapshot"
)

const (
	testID = "20261122T073525123456Z-k3m9x2q7ab"
	newID  = "20261122T073555123460Z-a7c2n5x8yz"
)

const testCluster = `name = "bank"
[[process]]
id = "p1"
address = "127.0.0.1:7101"
[[process]]
id = "p2"
address = "127.0.0.1:7102"
[program]
kind = "bank"
`

func parse(t *testing.T, text string) *config.Cluster {
	t.Helper()
	c, err := config.Parse("cluster.toml", []byte(text))
	must(t, err)
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func batch(first uint64, texts ...string) snapshot.Batch {
	b := snapshot.Batch{First: first}
	for _, text := range texts {
		b.Append([]byte(text))
	}
	return b
}

// The messages of p1->p2: 2 are acknowledged, 3 received, 5 arrived, 6 sent.
var transfers = []string{`{"type":"transfer","amount":3}`, `{"type":"transfer","amount":4.0}`, "five", `{"type":"transfer","amount":6}`}

const (
	state1 = `{"balance": 990, "big": 9007199254740993, "rate": 1.10}`
	state2 = `{"balance":1000}`
	before = 77 // bytes of the messages 1 … 3 of p1->p2
)

// testParts returns the parts of a cut.
func testParts(id snapshot.ID) []*saved.Part {
	p1 := &saved.Part{
		Snapshot: id, Process: "p1", Incarnation: "i1", State: snapshot.State{Bytes: []byte(state1), Idle: snapshot.IdleNo},
		Out:     []saved.Outgoing{{To: "p2", Peer: "i2", Acked: 2, Sent: 6, Messages: []snapshot.Batch{batch(3, transfers...)}}},
		In:      []saved.Incoming{{From: "p2", Peer: "i2", Received: 9, Sent: 9, ReceivedBytes: 200}},
		Clients: []saved.ClientRequest{{Client: "c1", MsgID: "7"}}, ClientCount: 2,
	}
	p1.Out[0].SentBytes = before + uint64(len(batch(4, transfers[1:]...).Body))
	p2 := &saved.Part{
		Snapshot: id, Process: "p2", Incarnation: "i2", State: snapshot.State{Bytes: []byte(state2)},
		Out:    []saved.Outgoing{{To: "p1", Peer: "i1", Acked: 9, Sent: 9, SentBytes: 200}},
		In:     []saved.Incoming{{From: "p1", Peer: "i1", Received: 3, Sent: 6, ReceivedBytes: before, Messages: []snapshot.Batch{batch(4, transfers[1:3]...)}}},
		Asked:  []saved.AskedRequest{{To: "p1", MsgID: "3"}},
		WhyNot: "it is a poem",
	}
	return []*saved.Part{p1, p2}
}

// testStore returns a store with one snapshot.
func testStore(t *testing.T, parts []*saved.Part) (*storetest.Memory, *store.Store) {
	t.Helper()
	memory := new(storetest.Memory)
	s := store.New(memory.Open(nil), "bank")
	_, err := s.Create("20261122T073519000000Z-ayeq3nkbeh")
	must(t, err)
	hash := parse(t, testCluster).Hash()
	m := &saved.Manifest{
		ID: testID, Cluster: "bank", Config: hex.EncodeToString(hash[:]), Epoch: 1, Name: "noon", Assembler: "p1",
		Initiators: []snapshot.ProcessID{"p1"}, StartedAt: time.Date(2026, 11, 22, 7, 35, 25, 0, time.UTC), ElapsedMS: 3.25,
	}
	m.Number, err = s.Take(saved.Taken{Epoch: 1, ID: m.ID, Name: m.Name, By: saved.Node{Process: "p1", Incarnation: "i1"}})
	must(t, err)
	var summaries []saved.Summary
	for _, p := range parts {
		summary, err := s.PutPart(m.ID, p.Process, p.Encode)
		must(t, err)
		summaries = append(summaries, summary)
		m.Processes = append(m.Processes, saved.Process{ID: p.Process, Incarnation: p.Incarnation, Part: summary.Part, Restorable: p.WhyNot == "", WhyNot: p.WhyNot})
	}
	var faults []error
	m.Channels, faults = saved.Certify(snapshot.NewTopology([]snapshot.ProcessID{"p1", "p2"}, []snapshot.Channel{{From: "p1", To: "p2"}, {From: "p2", To: "p1"}}), summaries)
	must(t, errors.Join(faults...))
	m.Channels[1].Resets = []saved.Reset{{Process: "p2", Incarnation: "i2", Discarded: 1}}
	_, err = s.Save(m)
	must(t, err)
	return memory, s
}

// document returns the document of a saved snapshot.
func document(t *testing.T, s *store.Store, id snapshot.ID) []byte {
	t.Helper()
	d, err := Open(s, id)
	must(t, err)
	var b bytes.Buffer
	must(t, d.WriteJSON(&b, false))
	return b.Bytes()
}

func TestADocumentOfASavedSnapshotIsCompleteAndHasTheBytesOfThePrograms(t *testing.T) {
	_, s := testStore(t, testParts(testID))
	g, err := decodeOne(document(t, s, testID)) // verifies it
	must(t, err)
	if g.ID != testID || g.Cluster != "bank" || g.Epoch != 1 || len(g.Initiators) != 1 || g.Elapsed != 3250*time.Microsecond {
		t.Errorf("got %+v, want what the manifest has", g)
	}
	for i, want := range []string{state1, state2} {
		if got := string(g.Processes[i].State.Bytes); got != want {
			t.Errorf("state of %s: got %s, want %s", g.Processes[i].ID, got, want)
		}
	}
	if got := g.Processes[0].State.Idle; got != snapshot.IdleNo {
		t.Errorf("idle: got %v, want no", got)
	}
	if got, want := fmt.Sprintf("%q", payloads(g.Channels[0])), fmt.Sprintf("%q", transfers[1:]); got != want {
		t.Errorf("messages: got %s, want %s", got, want)
	}
	if got := g.Channels[1].Resets; len(got) != 1 || got[0].Discarded != 1 {
		t.Errorf("resets: got %v, want the one of the manifest", got)
	}
}

func TestOneStateAtATimeIsReadForADocument(t *testing.T) {
	parts := testParts(testID)
	for _, p := range parts {
		p.State.Bytes = []byte(`"` + strings.Repeat(string(p.Process), 50000) + `"`)
	}
	memory, _ := testStore(t, parts)
	var order []string
	s := store.New(memory.Open(func(o storetest.Operation) *storetest.Fault {
		if o.Kind == "get" && strings.Contains(o.Name, "/parts/") {
			order = append(order, "read "+o.Name[len(o.Name)-2:])
		}
		return nil
	}), "bank")
	d, err := Open(s, testID)
	must(t, err)
	order = nil
	must(t, d.WriteJSON(writes(func(b []byte) {
		for _, id := range []string{"p1", "p2"} {
			if bytes.Contains(b, []byte(id+id)) {
				order = append(order, "write "+id)
			}
		}
	}), false))
	if got, want := strings.Join(order, ", "), "read p1, write p1, read p2, write p2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

type writes func([]byte)

func (w writes) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

func TestWhatIsCorruptIsNamed(t *testing.T) {
	for _, c := range []struct{ object, want string }{
		{"parts/p1", "parts/p1 is corrupt: its sha256"},
		{"parts/p2", "parts/p2 is corrupt: its sha256"},
		{"manifest", "manifest is corrupt: the sha256"},
		{"gone parts/p2", "parts/p2 is corrupt: it is missing"},
	} {
		memory, s := testStore(t, testParts(testID))
		name := "snapshots/" + testID + "/" + strings.TrimPrefix(c.object, "gone ")
		content := memory.Content(name)
		content[len(content)/2] ^= 1
		if strings.HasPrefix(c.object, "gone ") {
			content = nil
		}
		memory.Set(name, content)
		_, err := Open(s, testID)
		var corrupt *saved.CorruptError
		if !errors.As(err, &corrupt) || !strings.HasPrefix(fmt.Sprint(err), "snapshots/"+testID+"/"+c.want) {
			t.Errorf("%s: got %v, want a CorruptError with %s", c.object, err, c.want)
		}
	}
}

func TestAPartThatChangesWhileADocumentIsWrittenEndsIt(t *testing.T) {
	memory, s := testStore(t, testParts(testID))
	d, err := Open(s, testID)
	must(t, err)
	name := "snapshots/" + testID + "/parts/p2"
	content := memory.Content(name)
	content[3] ^= 1
	memory.Set(name, content)
	var b bytes.Buffer
	err = d.WriteJSON(&b, false)
	var corrupt *saved.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Object != name {
		t.Errorf("got %v, want a CorruptError of %s", err, name)
	}
	if _, err := decodeOne(b.Bytes()); err == nil {
		t.Errorf("got a document, want none: %s", b.String())
	}
}

func TestAManifestThatNamesTooMuchMemoryIsRefusedBeforeItIsTaken(t *testing.T) {
	memory, s := testStore(t, testParts(testID))
	m, _, err := s.Manifest(testID)
	must(t, err)
	m.Processes[0].Part.Bytes = MemoryMax + 10000 // without a state
	memory.Set("snapshots/"+testID+"/manifest", saved.Seal(m))
	if _, err := Open(s, testID); err == nil || !strings.Contains(err.Error(), "MiB of memory, more than 2048 MiB") {
		t.Errorf("got %v, want an error of the memory", err)
	}
}

// inProcess is an Editor without a process of its own.
var inProcess = Editor{Max: 1 << 20, Query: func(ctx context.Context, text string, document []byte) (eval.Answer, error) {
	e, err := eval.Compile(text, false)
	if err != nil {
		return eval.Answer{}, err
	}
	d, err := eval.NewDocument(document)
	if err != nil {
		return eval.Answer{}, err
	}
	return e.Query(ctx, d), nil
}}
