package snapfile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
)

// derivation returns a derivation from the saved snapshot of a store.
func derivation(t *testing.T, s *store.Store) Derivation {
	return Derivation{Store: s, Cluster: parse(t, testCluster), ID: newID, From: Source{Saved: testID}, Editor: inProcess}
}

// derive derives a snapshot, and returns it with its states.
func derive(t *testing.T, d Derivation) (*Saved, []*saved.Part) {
	t.Helper()
	m, sha256, err := d.Derive(t.Context())
	must(t, err)
	got, err := Open(d.Store, m.ID) // checks hashes, trimming and certificate
	must(t, err)
	if got.SHA256 != sha256 || got.Number != 0 || got.Name != "" {
		t.Fatalf("got manifest %s, number %d, name %q, want %s, 0 and none", got.SHA256, got.Number, got.Name, sha256)
	}
	var parts []*saved.Part
	for _, p := range m.Processes {
		var state strings.Builder
		part, err := d.Store.ReadPart(got.Manifest, p.ID, &state)
		must(t, err)
		part.State.Bytes = []byte(state.String())
		parts = append(parts, part)
	}
	return got, parts
}

func TestASnapshotDerivedWithoutAnEditHasTheSameParts(t *testing.T) {
	_, s := testStore(t, testParts(testID))
	d := derivation(t, s)
	d.Skips = []saved.Skipped{{From: "p1", To: "p2", Seq: 5}}
	d.Thens = []saved.ThenRequest{{Process: "p2", Request: []byte(`{"type": "balance"}`)}}
	m, parts := derive(t, d)
	want := testParts(newID)
	for i, p := range want {
		p.WhyNot = "" // is in the manifest
		if got, want := text(parts[i]), text(p); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if p := m.Process("p2"); p.Restorable || p.WhyNot != "it is a poem" || !m.Process("p1").Restorable {
		t.Errorf("got %+v, want that p2 cannot be restored", m.Processes)
	}
	if got, want := fmt.Sprintf("%+v %v %s", *m.Origin, m.Skipped, m.Then[0].Request), `{ID:`+testID+` File: Edit:} [{p1 p2 5}] {"type":"balance"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// text returns a part for comparison.
func text(p *saved.Part) string {
	return fmt.Sprintf("%s %s %s %s %v %+v %+v %v %v %v", p.Snapshot, p.Process, p.Incarnation, p.State.Bytes, p.State.Idle, halves(p.Out), halves(p.In), p.Clients, p.ClientCount, p.Asked)
}

func halves(all any) string {
	return strings.ReplaceAll(fmt.Sprintf("%+v", all), "[]", "") // no messages and nil
}

func TestASnapshotDerivedFromAFileHasAllMessagesAtTheirReceivers(t *testing.T) {
	_, s := testStore(t, testParts(testID))
	d := derivation(t, s)
	d.From = Source{File: "cut.json", Document: document(t, s, testID)}
	m, parts := derive(t, d)
	inFlight := batch(4, transfers[1:]...)
	if got := parts[0].Out[0]; got.Acked != 6 || got.Sent != 6 || len(got.Messages) != 0 || got.SentBytes != uint64(len(inFlight.Body)) {
		t.Errorf("sender: got %+v, want 6 acknowledged of 6, no messages, %d bytes", got, len(inFlight.Body))
	}
	if got := parts[1].In[0]; got.Received != 3 || got.ReceivedBytes != 0 || len(got.Messages) != 1 || string(got.Messages[0].Body) != string(inFlight.Body) {
		t.Errorf("receiver: got %+v, want 3 received, 0 bytes, and the messages 4 to 6", got)
	}
	if string(parts[0].State.Bytes) != state1 || len(parts[0].Clients) != 0 || m.Origin.File != "cut.json" || len(m.Channels[1].Resets) != 1 {
		t.Errorf("got state %s, clients %v, from %+v, channels %+v, want those of the file", parts[0].State.Bytes, parts[0].Clients, m.Origin, m.Channels)
	}
}

func TestAnEditOfABalanceAndOfAPayloadAppearsAndNothingElse(t *testing.T) {
	for _, from := range []string{"saved", "file"} {
		_, s := testStore(t, testParts(testID))
		d := derivation(t, s)
		if from == "file" {
			d.From = Source{File: "cut.json", Document: document(t, s, testID)}
		}
		d.Edit = `.processes.p2.state.balance += 5 | (.channels[0].messages[] | select(.seq == 6).payload.amount) = 60000`
		m, parts := derive(t, d)
		if got := string(parts[1].State.Bytes); got != `{"balance":1005}` {
			t.Errorf("%s: state of p2: got %s, want a balance of 1005", from, got)
		}
		if got := string(parts[0].State.Bytes); got != state1 {
			t.Errorf("%s: state of p1: got %s, want the same bytes", from, got)
		}
		in, out := parts[1].In[0], parts[0].Out[0]
		want := batch(4, transfers[1], transfers[2], `{"amount":60000,"type":"transfer"}`)
		if got := in.Messages[0]; string(got.Body) != string(want.Body) {
			t.Errorf("%s: messages: got %q, want %q", from, got.Body, want.Body)
		}
		if out.SentBytes != in.ReceivedBytes+uint64(len(want.Body)) || (in.ReceivedBytes == before) != (from == "saved") {
			t.Errorf("%s: got %d bytes sent, %d received, want a difference of %d", from, out.SentBytes, in.ReceivedBytes, len(want.Body))
		}
		if got := len(parts[0].Clients) + len(parts[1].Asked); (got == 2) != (from == "saved") {
			t.Errorf("%s: got %d open requests, want 2 only from a saved snapshot", from, got)
		}
		if got := parts[0].ClientCount; (got == 2) != (from == "saved") {
			t.Errorf("%s: got a count of %d clients, want 2 only from a saved snapshot", from, got)
		}
		if m.Origin.Edit != d.Edit {
			t.Errorf("%s: got the edit %q in the manifest, want %q", from, m.Origin.Edit, d.Edit)
		}
	}
}

func TestRandomEditsOfCountsIDsAndNumbersAreRefusedWithThePath(t *testing.T) {
	const seed = 1
	random := rand.New(rand.NewPCG(seed, 1))
	memory, s := testStore(t, testParts(testID))
	before := memory.Names()
	paths := []string{
		`.id`, `.cluster`, `.epoch`, `.started_at`, `.elapsed_ms`, `.initiators[0]`, `.status`, `.format`,
		`.processes.p1.incarnation`, `.processes.p2.recorded_after_ms`, `.processes.p1.completed_after_ms`, `.processes.p1.idle`,
		`.channels[0].from`, `.channels[1].to`, `.channels[0].sent`, `.channels[0].received`, `.channels[1].incarnations[0]`,
		`.channels[0].messages[0].seq`, `.channels[0].messages[2].seq`, `.channels[1].reset[0].discarded`,
	}
	for i := range 100 {
		path := paths[random.IntN(len(paths))]
		d := derivation(t, s)
		n := 1 + random.IntN(1000)
		d.Edit = fmt.Sprintf(`%s |= if type == "number" then . + %d elif type == "boolean" then not else . + "%d" end`, path, n, n)
		if i%10 == 0 {
			d.Edit += " | .processes.p2.state.balance += 1" // a good edit beside it
		}
		_, _, err := d.Derive(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "the edit changes "+path+" from ") {
			t.Errorf("seed %d, edit %d, %s: got %v, want an error with the path", seed, i, d.Edit, err)
		}
	}
	if got := memory.Names(); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("got the objects %v, want %v", got, before)
	}
}

func TestEditsOfTheShapeAreRefused(t *testing.T) {
	_, s := testStore(t, testParts(testID))
	for _, c := range []struct{ edit, want string }{
		{`del(.channels[0])`, "the edit changes the length of .channels from 2 to 1"},
		{`del(.channels[0].messages[1])`, "the edit changes the length of .channels[0].messages from 3 to 2"},
		{`.channels[0].messages |= reverse`, "the edit changes .channels[0].messages[0].seq from 4 to 6"},
		{`del(.processes.p1)`, "the edit removes .processes.p1"},
		{`.processes["p-3"] = .processes.p1`, `the edit adds .processes["p-3"]`},
		{`.channels = null`, "the edit changes .channels from ["},
		{`.processes.p1`, "the edit removes .channels"},
		{`1`, "the edit changes the whole snapshot from {"},
		{`empty`, "the edit has 0 values"},
		{`., .`, "the edit has 2 values"},
		{`del(.processes.p1.state)`, `the edited snapshot: processes["p1"]: has neither "state" nor "state_base64"`},
		{`.channels[0].messages[1].payload_base64 = "?"`, "the edited snapshot: channels[0].messages[1].payload_base64: is not base64"},
		{`.processes.p1.state.balance += .processes.p1.state.balnce`, "the edit: p1 has no field \"balnce\""},
	} {
		d := derivation(t, s)
		d.Edit = c.edit
		if _, _, err := d.Derive(t.Context()); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.edit, err, c.want)
		}
	}
}

func TestWhatDoesNotFitIsRefusedByName(t *testing.T) {
	_, s := testStore(t, testParts(testID))
	file := Source{File: "cut.json", Document: document(t, s, testID)}
	replaced := func(old, new string) func(*Derivation) {
		return func(d *Derivation) {
			d.From = Source{File: "x.json", Document: []byte(strings.ReplaceAll(string(file.Document), old, new))}
		}
	}
	cluster := func(old, new string) func(*Derivation) {
		return func(d *Derivation) { d.Cluster = parse(t, strings.Replace(testCluster, old, new, 1)) }
	}
	for _, c := range []struct {
		change func(*Derivation)
		want   string
	}{
		{cluster(`"bank"`, `"other"`), `the snapshot is of cluster "bank", and the cluster file is of "other"`},
		{cluster(`id = "p2"`, `id = "p3"`), "the snapshot has the process p2, and the cluster file has not"},
		{cluster(`[program]`, "[[process]]\nid = \"p3\"\naddress = \"127.0.0.1:7103\"\n[program]"), "the cluster file has the process p3, and the snapshot has not"},
		{cluster(`id = "p2"`, "id = \"p2\"\nchannels = []"), "the snapshot has the channel p2->p1, and the cluster file has not"},
		{cluster(`[program]`, "[snapshot]\nmarkers = \"in-order\"\n[program]"), "the snapshot was taken with another rule for markers"},
		{func(d *Derivation) { d.From = file; cluster(`id = "p2"`, `id = "p3"`)(d) }, "cut.json: the snapshot has the process p2"},
		{replaced(`"sent": 6`, `"sent": 7`), "x.json: is inconsistent: p1->p2"},
		{replaced(`chandy/snapshot.v1`, `chandy/snapshot.v9`), "x.json: "},
		{func(d *Derivation) { d.From.Saved = newID }, "no saved snapshot"},
		{func(d *Derivation) { d.Skips = []saved.Skipped{{From: "p1", To: "p2", Seq: 3}} }, "p1->p2#3 is not in flight"},
		{func(d *Derivation) { d.Skips = []saved.Skipped{{From: "p2", To: "p1", Seq: 9}} }, "p2->p1#9 is not in flight"},
		{func(d *Derivation) { d.Skips = []saved.Skipped{{From: "p3", To: "p1", Seq: 1}} }, "p3->p1#1 is not in flight"},
		{func(d *Derivation) {
			d.Skips = []saved.Skipped{{From: "p1", To: "p2", Seq: 5}, {From: "p1", To: "p2", Seq: 5}}
		}, "p1->p2#5 is skipped already"},
		{func(d *Derivation) { d.Thens = []saved.ThenRequest{{Process: "p3", Request: []byte("1")}} }, "a request for p3: the snapshot has no such process"},
		{func(d *Derivation) { d.Thens = []saved.ThenRequest{{Process: "p1", Request: []byte("{")}} }, "a request for p1 is not JSON"},
		{func(d *Derivation) { d.Edit, d.Editor.Max = ".", 10 }, "the document has more than 10 bytes"},
	} {
		d := derivation(t, s)
		c.change(&d)
		if _, _, err := d.Derive(t.Context()); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestADerivationThatFailsLeavesNothing fails each operation on the store in turn. Only the
// removal that follows may fail too, and what it leaves is not saved.
func TestADerivationThatFailsLeavesNothing(t *testing.T) {
	full := errors.New("full")
	for k := 1; ; k++ {
		memory, whole := testStore(t, testParts(testID))
		before := memory.Names()
		failed := false
		d := derivation(t, store.New(memory.Open(func(o storetest.Operation) *storetest.Fault {
			if o.Number != k {
				return nil
			}
			failed = true
			return &storetest.Fault{Moment: storetest.Before, Err: full}
		}), "bank"))
		_, _, err := d.Derive(context.Background())
		if !failed {
			must(t, err)
			break
		}
		if !errors.Is(err, full) {
			t.Fatalf("operation %d fails: got %v, want %v", k, err, full)
		}
		if _, _, err := whole.Manifest(newID); !isNotFound(err) {
			t.Fatalf("operation %d fails: got the manifest error %v, want that there is none", k, err)
		}
		if got := memory.Names(); len(got) > len(before) && !strings.Contains(strings.Join(got, " "), "derived/"+newID) {
			t.Fatalf("operation %d fails: got the objects %v, want %v", k, got, before)
		}
	}
}

func isNotFound(err error) bool {
	var notFound *store.NotFoundError
	return errors.As(err, &notFound)
}

func TestTheNameOfAMessageIsParsed(t *testing.T) {
	got, err := ParseSkip("p1->p2#119")
	if want := (saved.Skipped{From: "p1", To: "p2", Seq: 119}); err != nil || got != want {
		t.Errorf("got %v and %v, want %v", got, err, want)
	}
	for _, bad := range []string{"", "p1->p2", "p1#1", "p1->p2#", "p1->p2#x", "P->p2#1", "p1->p2->p3#1"} {
		if _, err := ParseSkip(bad); err == nil {
			t.Errorf("%q: got no error, want one", bad)
		}
	}
}
