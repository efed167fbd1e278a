package store_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
	"chandy/snapshot"
)

// testID returns the id of a snapshot. Ids with ascending n ascend.
func testID(n int) snapshot.ID { return snapshot.ID(fmt.Sprintf("20261122T%012dZ-k3m9x2q7ab", n)) }

var (
	processes = []snapshot.ProcessID{"p1", "p2"}
	topology  = snapshot.NewTopology(processes, []snapshot.Channel{{From: "p1", To: "p2"}})
	node1     = saved.Node{Process: "p1", Incarnation: "i1"}
)

// testPart returns the part of a process: p1 has sent three messages to p2, which has
// received two.
func testPart(id snapshot.ID, process snapshot.ProcessID) *saved.Part {
	p := &saved.Part{Snapshot: id, Process: process, Incarnation: "i1", State: snapshot.State{Bytes: []byte(`"` + string(id) + `"`)}}
	if process == "p2" {
		p.Incarnation = "i2"
		p.In = []saved.Incoming{{From: "p1", Peer: "i1", Received: 2, Sent: 3, ReceivedBytes: 2}}
		return p
	}
	b := snapshot.Batch{First: 3}
	b.Append([]byte("three"))
	p.Out = []saved.Outgoing{{To: "p2", Peer: "i2", Acked: 2, Sent: 3, SentBytes: 8, Messages: []snapshot.Batch{b}}}
	return p
}

// putParts writes the parts of a snapshot and returns its manifest.
func putParts(s *store.Store, id snapshot.ID) (*saved.Manifest, error) {
	m := &saved.Manifest{
		ID: id, Cluster: "bank", Config: saved.Hash(nil), Epoch: 1, Assembler: "p1", Initiators: processes[:1],
		StartedAt: time.Date(2026, 11, 22, 7, 35, 25, 0, time.UTC), ElapsedMS: 3.25,
	}
	var summaries []saved.Summary
	for _, process := range processes {
		p := testPart(id, process)
		summary, err := s.PutPart(id, process, p.Encode)
		if err != nil {
			return nil, err
		}
		summaries = append(summaries, summary)
		m.Processes = append(m.Processes, saved.Process{ID: process, Incarnation: p.Incarnation, Part: summary.Part, Restorable: true})
	}
	var faults []error
	m.Channels, faults = saved.Certify(topology, summaries)
	return m, errors.Join(faults...)
}

// save takes a number in an epoch and saves a snapshot.
func save(s *store.Store, epoch uint64, id snapshot.ID, name string) error {
	number, err := s.Take(saved.Taken{Epoch: epoch, ID: id, Name: name, By: node1, TimeoutMS: 10000})
	if err != nil {
		return err
	}
	m, err := putParts(s, id)
	if err != nil {
		return err
	}
	m.Epoch, m.Number, m.Name = epoch, number, name
	_, err = s.Save(m)
	return err
}

// check reads a snapshot and all its parts.
func check(s *store.Store, id snapshot.ID) error {
	m, _, err := s.Manifest(id)
	if err != nil {
		return err
	}
	var summaries []saved.Summary
	for _, p := range m.Processes {
		r, err := s.OpenPart(id, p.ID)
		if err != nil {
			return err
		}
		summary, err := saved.CheckPart(r, m, p.ID)
		_ = r.Close()
		if err != nil {
			return err
		}
		summaries = append(summaries, summary)
	}
	return errors.Join(saved.Verify(m, summaries)...)
}

// commit returns a decision that makes a snapshot the base of an epoch.
func commit(t testing.TB, s *store.Store, epoch uint64, id snapshot.ID) saved.Decision {
	d := saved.Decision{
		Number: epoch, Verdict: saved.Commit, Kind: saved.ByHand, Ends: epoch - 1, Snapshot: id, By: "p1",
		Voters: []saved.Node{node1, {Process: "p2", Incarnation: "i2"}}, Held: true,
	}
	if id != "" {
		var err error
		if _, d.Manifest, err = s.Manifest(id); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// newStore returns a store in memory.
func newStore(t testing.TB) (*storetest.Memory, *store.Store) {
	m := new(storetest.Memory)
	s := store.New(m.Open(nil), "bank")
	if _, err := s.Create("s1"); err != nil {
		t.Fatal(err)
	}
	return m, s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// text returns a list of snapshots as text, with ids without what they share.
func text(t testing.TB, s *store.Store) string {
	t.Helper()
	entries, err := s.List()
	must(t, err)
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %d.%d %s", strings.TrimLeft(strings.TrimSuffix(strings.TrimPrefix(string(e.ID), "20261122T"), "Z-k3m9x2q7ab"), "0"), e.Epoch, e.Number, e.State)
		if e.Name != "" {
			fmt.Fprintf(&b, " %s", e.Name)
		}
		if e.Base {
			fmt.Fprint(&b, " base")
		}
		if e.KeptFor != 0 {
			fmt.Fprintf(&b, " kept for %d", e.KeptFor)
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func want(t testing.TB, s *store.Store, list string) {
	t.Helper()
	if got := text(t, s); got != list {
		t.Errorf("the store has\n%s, want\n%s", got, list)
	}
}

func TestASavedSnapshotComesBack(t *testing.T) {
	_, s := newStore(t)
	must(t, save(s, 1, testID(1), "before-upgrade"))
	must(t, check(s, testID(1)))
	want(t, s, "1 1.1 saved before-upgrade")
	entries, err := s.List()
	must(t, err)
	size := entries[0].Bytes
	m := entries[0].Manifest
	if parts := int64(m.Processes[0].Part.Bytes + m.Processes[1].Part.Bytes); size != parts+int64(len(saved.Seal(m))) {
		t.Errorf("got %d bytes, want the parts and the manifest", size)
	}
	if all, err := s.Size(); all <= size || err != nil {
		t.Errorf("the store takes %d bytes, %v, want more than %d", all, err, size)
	}
}

func TestAStoreThatIsAbsentVanishedOrAnotherIsNamed(t *testing.T) {
	m := new(storetest.Memory)
	s := store.New(m.Open(nil), "bank")
	_, err := s.ID()
	if got, want := fmt.Sprint(err), "no store at memory"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := s.Create("s1"); err != nil {
		t.Fatal(err)
	}
	if id, err := s.Create("s2"); id != "s1" || err != nil {
		t.Errorf("made again: got %q, %v, want s1", id, err)
	}
	if got, want := fmt.Sprint(m.Names()), "[chandy-store]"; got != want {
		t.Errorf("got the objects %s, want %s", got, want)
	}
	_, err = store.New(m.Open(nil), "token").ID()
	if got, want := fmt.Sprint(err), `the store at memory belongs to cluster "bank", not "token"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	m.Set("chandy-store", nil)
	_, err = s.Reading()
	if got, want := fmt.Sprint(err), "storage failed: look for memory: it has vanished"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	other := store.New(m.Open(nil), "bank")
	if _, err := other.Create("s2"); err != nil {
		t.Fatal(err)
	}
	_, err = s.List()
	if got, want := fmt.Sprint(err), "storage failed: look for memory: another store lies there now: its id is s2, not s1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAStoreThatVanishesWhileItIsReadIsNoEmptyStore: an empty store would mean epoch 1.
func TestAStoreThatVanishesWhileItIsReadIsNoEmptyStore(t *testing.T) {
	m, s := newStore(t)
	_, _, err := s.Decide(commit(t, s, 2, ""))
	must(t, err)
	gone := store.New(m.Open(func(o storetest.Operation) *storetest.Fault {
		if o.Number == 2 {
			for _, name := range m.Names() {
				m.Set(name, nil)
			}
		}
		return nil
	}), "bank")
	r, err := gone.Reading()
	if got, want := fmt.Sprint(err), "storage failed: look for memory: it has vanished"; got != want {
		t.Errorf("got epoch %d and %s, want %s", r.Epoch(), got, want)
	}
}

func TestAStoreThatCreatesTwiceIsRefused(t *testing.T) {
	m := new(storetest.Memory)
	s := store.New(overwriting{m.Open(nil)}, "bank")
	_, err := s.Create("s1")
	if got, want := fmt.Sprint(err), "the store at memory is refused: an object was created twice, and decisions must be created once"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if names := m.Names(); len(names) > 0 {
		t.Errorf("got the objects %v, want none", names)
	}
}

// overwriting is a store that does not know exclusive creates.
type overwriting struct{ *storetest.Objects }

func (o overwriting) Create(name string, content []byte) error {
	return o.Put(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

func TestOneSnapshotIsSavedAtATime(t *testing.T) {
	_, s := newStore(t)
	first := saved.Taken{Epoch: 1, ID: testID(1), By: node1}
	for range 2 { // a second time because the first answer may be lost
		if n, err := s.Take(first); n != 1 || err != nil {
			t.Fatalf("got number %d, %v, want 1", n, err)
		}
	}
	_, err := s.Take(saved.Taken{Epoch: 1, ID: testID(2), By: node1})
	var busy *store.BusyError
	if !errors.As(err, &busy) || err.Error() != "snapshot "+string(testID(1))+" (number 1 of epoch 1) is being saved by p1" {
		t.Errorf("got %v, want that p1 saves the snapshot 1", err)
	}
	must(t, s.Abandon(1, 1, "its time was over", node1))
	must(t, s.Abandon(1, 1, "its time was over", node1))
	want(t, s, "1 1.1 failed")
	m, err := putParts(s, testID(1))
	must(t, err)
	m.Number = 1
	var abandoned *store.AbandonedError
	if _, err := s.Save(m); !errors.As(err, &abandoned) || abandoned.Why != "its time was over" {
		t.Errorf("a late manifest: got %v, want that it is abandoned", err)
	}
	must(t, save(s, 1, testID(2), ""))
	if err := s.Abandon(1, 2, "x", node1); err == nil {
		t.Error("a saved snapshot was abandoned")
	}
	want(t, s, "1 1.1 failed; 2 1.2 saved")
}

func TestAManifestNeedsItsNumberAndItsParts(t *testing.T) {
	m, s := newStore(t)
	manifest, err := putParts(s, testID(1))
	must(t, err)
	manifest.Number = 1
	var abandoned *store.AbandonedError
	if _, err := s.Save(manifest); !errors.As(err, &abandoned) {
		t.Errorf("without a number: got %v, want an AbandonedError", err)
	}
	if _, err := s.Take(saved.Taken{Epoch: 1, ID: testID(1), By: node1}); err != nil {
		t.Fatal(err)
	}
	part := "snapshots/" + string(testID(1)) + "/parts/p2"
	content := m.Content(part)
	m.Set(part, nil)
	if _, err := s.Save(manifest); err == nil || !strings.Contains(err.Error(), "the part of p2 does not lie in memory") {
		t.Errorf("without a part: got %v, want that it is missing", err)
	}
	m.Set(part, content[1:])
	if _, err := s.Save(manifest); err == nil || !strings.Contains(err.Error(), "the part of p2 has") {
		t.Errorf("with a short part: got %v, want that it is short", err)
	}
	m.Set(part, content)
	sha, err := s.Save(manifest)
	must(t, err)
	if again, err := s.Save(manifest); again != sha || err != nil {
		t.Errorf("saved again: got %s, %v, want %s", again, err, sha)
	}
	if _, got, err := s.Manifest(testID(1)); got != sha || err != nil {
		t.Errorf("got the sha256 %s, %v, want %s", got, err, sha)
	}
	manifest.ElapsedMS++
	if _, err := s.Save(manifest); err == nil || !strings.Contains(err.Error(), "another manifest") {
		t.Errorf("another manifest: got %v, want an error", err)
	}
}

func TestNamesAreChecked(t *testing.T) {
	_, s := newStore(t)
	p := testPart("..", "p1")
	if _, err := s.PutPart("..", "p1", p.Encode); err == nil {
		t.Error("a part of snapshot .. was written")
	}
	if _, err := s.PutPart(testID(1), "../p1", p.Encode); err == nil {
		t.Error("a part of process ../p1 was written")
	}
	if _, err := s.OpenPart("a/b", "p1"); err == nil {
		t.Error("a part of snapshot a/b was opened")
	}
	for _, id := range []snapshot.ID{"../x", "", "a/../b"} {
		var notFound *store.NotFoundError
		if _, _, err := s.Manifest(id); !errors.As(err, &notFound) {
			t.Errorf("%q: got %v, want a NotFoundError", id, err)
		}
		if err := s.Keep(id, 2); !errors.As(err, &notFound) {
			t.Errorf("keep %q: got %v, want a NotFoundError", id, err)
		}
		if err := s.Remove(id, true); !errors.As(err, &notFound) {
			t.Errorf("remove %q: got %v, want a NotFoundError", id, err)
		}
	}
	for _, taken := range []saved.Taken{{ID: "../x", Epoch: 1}, {ID: "a", Epoch: 1, Name: "latest"}, {ID: "a"}} {
		if _, err := s.Take(taken); err == nil {
			t.Errorf("%+v took a number", taken)
		}
	}
}

func TestANameBelongsToOneSnapshot(t *testing.T) {
	_, s := newStore(t)
	must(t, save(s, 1, testID(1), "good"))
	err := save(s, 1, testID(2), "good")
	if got, want := fmt.Sprint(err), `the name "good" belongs to snapshot `+string(testID(1)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFindTakesAnIDANameAndLatest(t *testing.T) {
	m, s := newStore(t)
	find := func(snap, want string) {
		t.Helper()
		id, err := s.Find(snap)
		got := string(id)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", snap, got, want)
		}
	}
	find("latest", `no saved snapshot "latest": it would be of epoch 1, which began from the initial state`)
	must(t, save(s, 1, testID(3), "good"))
	must(t, save(s, 1, testID(2), "")) // newer by its number, older by its wall clock
	find("latest", string(testID(2)))
	find("good", string(testID(3)))
	find(string(testID(3)), string(testID(3)))
	find("bad", `no saved snapshot "bad"`)
	must(t, s.Keep(testID(3), 2))
	_, _, err := s.Decide(commit(t, s, 2, testID(3)))
	must(t, err)
	find("latest", string(testID(3))) // the base: the new epoch has none of its own
	must(t, save(s, 2, testID(4), ""))
	find("latest", string(testID(4)))
	content := m.Content("snapshots/" + string(testID(4)) + "/manifest")
	content[len(content)/2] ^= 1
	m.Set("snapshots/"+string(testID(4))+"/manifest", content)
	find("latest", "snapshots/"+string(testID(4))+"/manifest is corrupt: it is the newest one, and the next older one is "+string(testID(3)))
	want(t, s, "3 1.1 saved good base; 2 1.2 saved; 4 2.1 corrupt")
}

// A recovery must not wait for a snapshot to which no process can go back. A user still finds
// it as the latest.
func TestReadingGoesPastSnapshotsThatCannotBeRestored(t *testing.T) {
	_, s := newStore(t)
	must(t, save(s, 1, testID(1), ""))
	for n := 2; n <= 3; n++ {
		must(t, saveWithoutState(s, testID(n)))
	}
	r, err := s.Reading()
	if err != nil || r.Newest == nil || r.Newest.ID != testID(1) || r.NotRestorable != testID(3) {
		t.Errorf("got %+v, %v, want the newest that can be restored to be 1, and 3 as one that cannot", r, err)
	}
	if id, err := s.Find("latest"); id != testID(3) || err != nil {
		t.Errorf("latest: got %s, %v, want 3", id, err)
	}
}

// Retention leaves the goal of the next recovery, however many newer snapshots cannot be
// restored.
func TestRetentionKeepsTheNewestThatCanBeRestored(t *testing.T) {
	_, s := newStore(t)
	must(t, save(s, 1, testID(1), ""))
	must(t, save(s, 1, testID(2), ""))
	for n := 3; n <= 5; n++ {
		must(t, saveWithoutState(s, testID(n)))
	}
	for range 2 {
		_, err := s.Prune(2)
		must(t, err)
		want(t, s, "2 1.2 saved; 4 1.4 saved; 5 1.5 saved")
	}
	must(t, save(s, 1, testID(6), ""))
	_, err := s.Prune(2)
	must(t, err)
	want(t, s, "5 1.5 saved; 6 1.6 saved")
}

// saveWithoutState saves a snapshot in epoch 1 to which one process cannot go back.
func saveWithoutState(s *store.Store, id snapshot.ID) error {
	number, err := s.Take(saved.Taken{Epoch: 1, ID: id, By: node1, TimeoutMS: 10000})
	if err != nil {
		return err
	}
	m, err := putParts(s, id)
	if err != nil {
		return err
	}
	m.Number, m.Processes[1].Restorable, m.Processes[1].WhyNot = number, false, "no state"
	_, err = s.Save(m)
	return err
}

func TestReadingSaysWhatTheAgreementActsOn(t *testing.T) {
	_, s := newStore(t)
	r, err := s.Reading()
	if err != nil || r.Decided != 1 || r.Epoch() != 1 || r.Base() != "" || r.Newest != nil {
		t.Errorf("a new store: got %+v, %v, want epoch 1 from the initial state", r, err)
	}
	must(t, save(s, 1, testID(1), ""))
	must(t, save(s, 1, testID(2), ""))
	d := commit(t, s, 2, testID(1))
	got, mine, err := s.Decide(d)
	if !mine || err != nil || fmt.Sprint(got) != fmt.Sprint(d) {
		t.Errorf("got %v, %v, %v, want the decision", got, mine, err)
	}
	rival := commit(t, s, 2, testID(2))
	if got, mine, err := s.Decide(rival); mine || err != nil || got.Snapshot != testID(1) {
		t.Errorf("a rival: got %v, %v, %v, want the first decision", got, mine, err)
	}
	if _, mine, err := s.Decide(d); !mine || err != nil {
		t.Errorf("the first one again, as after a lost answer: got %v, %v, want true", mine, err)
	}
	_, _, err = s.Decide(saved.Decision{Number: 3, Verdict: saved.Abort, By: "p2", Why: "deadline"})
	must(t, err)
	must(t, save(s, 2, testID(3), ""))
	r, err = s.Reading()
	if err != nil || r.Decided != 3 || r.Epoch() != 2 || r.Base() != testID(1) || r.Run || r.Newest == nil || r.Newest.ID != testID(3) {
		t.Errorf("got %+v, %v, want decided 3, epoch 2 from 1, held, newest 3", r, err)
	}
	if _, sha, _ := s.Manifest(testID(3)); r.Newest.Manifest != sha {
		t.Errorf("got the sha256 %s, want %s", r.Newest.Manifest, sha)
	}
	for range 2 {
		must(t, s.Resume(2))
	}
	if r, err := s.Reading(); !r.Run || err != nil {
		t.Errorf("resumed: got %v, %v, want true", r.Run, err)
	}
	for _, n := range []uint64{1, 3, 4} {
		if err := s.Resume(n); err == nil {
			t.Errorf("epoch %d was resumed", n)
		}
	}
	if _, _, err := s.Decide(saved.Decision{Number: 1, Verdict: saved.Abort, By: "p1"}); err == nil {
		t.Error("number 1 was decided")
	}
}

func TestRemoveRefusesWhatIsHeld(t *testing.T) {
	m, s := newStore(t)
	for n := 1; n <= 4; n++ {
		must(t, save(s, 1, testID(n), []string{"", "", "", "good", ""}[n]))
	}
	refused := func(n int, why string) {
		t.Helper()
		err := s.Remove(testID(n), false)
		if got, want := fmt.Sprint(err), "snapshot "+string(testID(n))+" stays: "+why; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	refused(3, `it has the name "good"`)
	must(t, s.Keep(testID(1), 2))
	must(t, s.Keep(testID(2), 2))
	refused(1, "it is kept for the proposal of epoch 2")
	want(t, s, "1 1.1 saved kept for 2; 2 1.2 saved kept for 2; 3 1.3 saved good; 4 1.4 saved")
	_, _, err := s.Decide(commit(t, s, 2, testID(1)))
	must(t, err)
	refused(1, "it is the base of epoch 2")
	must(t, s.Remove(testID(2), false))
	must(t, s.Remove(testID(3), true))
	must(t, s.Remove(testID(4), false))
	want(t, s, "1 1.1 saved base")
	var notFound *store.NotFoundError
	if err := s.Keep(testID(4), 3); !errors.As(err, &notFound) {
		t.Errorf("a removed one: got %v, want a NotFoundError", err)
	}
	if err := s.Remove(testID(4), false); !errors.As(err, &notFound) {
		t.Errorf("removed again: got %v, want a NotFoundError", err)
	}
	must(t, check(s, testID(1)))
	// The last number stays, so that the next one follows.
	if n, err := s.Take(saved.Taken{Epoch: 1, ID: testID(5), By: node1}); n != 5 || err != nil {
		t.Errorf("the next number is %d, %v, want 5", n, err)
	}
	if _, err := s.Prune(10); err != nil {
		t.Fatal(err)
	}
	if names := strings.Join(m.Names(), " "); strings.Contains(names, string(testID(4))) || strings.Contains(names, string(testID(2))) {
		t.Errorf("got the objects %s, want nothing of 2 and 4", names)
	}
}

func TestRetentionKeepsTheNewestTheNamedAndTheBase(t *testing.T) {
	m, s := newStore(t)
	for n := 1; n <= 6; n++ {
		must(t, save(s, 1, testID(n), []string{"", "", "good", "", "", "", ""}[n]))
	}
	must(t, s.Keep(testID(1), 2))
	_, _, err := s.Decide(commit(t, s, 2, testID(1)))
	must(t, err)
	must(t, save(s, 2, testID(7), ""))
	for n := 8; n <= 10; n++ { // three that fail
		number, err := s.Take(saved.Taken{Epoch: 2, ID: testID(n), By: node1})
		must(t, err)
		_, err = putParts(s, testID(n))
		must(t, err)
		must(t, s.Abandon(2, number, "no", node1))
	}
	removed, err := s.Prune(2)
	if got, want := fmt.Sprint(removed), fmt.Sprint([]snapshot.ID{testID(5), testID(4), testID(3)}); got != want || err != nil {
		t.Errorf("removed %s, %v, want %s", got, err, want)
	}
	want(t, s, "1 1.1 saved base; 2 1.2 saved good; 6 1.6 saved; 7 2.1 saved; 9 2.3 failed; 10 2.4 failed")
	for _, name := range m.Names() {
		for _, n := range []int{3, 4, 5, 8} {
			if strings.Contains(name, string(testID(n))) {
				t.Errorf("%s is still there", name)
			}
		}
		if strings.Contains(name, string(testID(9))) && strings.Contains(name, "parts") {
			t.Errorf("%s of an abandoned snapshot is still there", name)
		}
	}
	if removed, err := s.Prune(2); len(removed) > 0 || err != nil {
		t.Errorf("pruned again: got %v, %v, want nothing", removed, err)
	}
	for _, n := range []int{1, 2, 6, 7} {
		must(t, check(s, testID(n)))
	}
}

func TestPruneFreesWhatNobodyWillFinish(t *testing.T) {
	m, s := newStore(t)
	if _, err := s.Take(saved.Taken{Epoch: 1, ID: testID(1), By: node1}); err != nil {
		t.Fatal(err)
	}
	_, err := putParts(s, testID(1))
	must(t, err)
	_, err = putParts(s, testID(2)) // never took a number
	must(t, err)
	m.Set("fate/"+string(testID(3))+".1", saved.Seal(&saved.Fate{ID: testID(3), Sequence: 1, KeptFor: 2}))
	_, err = s.Prune(1)
	must(t, err)
	if got := strings.Join(m.Names(), " "); strings.Contains(got, string(testID(2))) || strings.Contains(got, string(testID(3))) || !strings.Contains(got, string(testID(1))+"/parts/p1") {
		t.Errorf("got the objects %s, want those of 1", got)
	}
	_, _, err = s.Decide(commit(t, s, 2, "")) // ends the epoch in which 1 was being saved
	must(t, err)
	for range 2 {
		_, err = s.Prune(1)
		must(t, err)
	}
	want(t, s, "1 1.1 failed")
	if got := strings.Join(m.Names(), " "); strings.Contains(got, "parts") {
		t.Errorf("got the objects %s, want no parts", got)
	}
}

func TestTheLastNumberOfAnEpochIsNotFreed(t *testing.T) {
	_, s := newStore(t)
	for n := 1; n <= 3; n++ {
		number, err := s.Take(saved.Taken{Epoch: 1, ID: testID(n), By: node1})
		if number != uint64(n) || err != nil {
			t.Fatalf("got number %d, %v, want %d", number, err, n)
		}
		must(t, s.Abandon(1, number, "no", node1))
		_, err = s.Prune(0)
		must(t, err)
	}
	want(t, s, "3 1.3 failed")
}

func TestARemovalThatDidNotEndIsEndedByPrune(t *testing.T) {
	m, s := newStore(t)
	must(t, save(s, 1, testID(1), ""))
	must(t, save(s, 1, testID(2), ""))
	m.Set("fate/"+string(testID(1))+".1", saved.Seal(&saved.Fate{ID: testID(1), Sequence: 1, Removed: true}))
	var notFound *store.NotFoundError
	if _, _, err := s.Manifest(testID(1)); !errors.As(err, &notFound) || notFound.Why != "was removed" {
		t.Errorf("got %v, want that it was removed", err)
	}
	want(t, s, "2 1.2 saved")
	_, err := s.Prune(5)
	must(t, err)
	if names := strings.Join(m.Names(), " "); strings.Contains(names, string(testID(1))) {
		t.Errorf("got the objects %s, want nothing of 1", names)
	}
}

func TestADerivedSnapshotHasNoPlaceInTheOrder(t *testing.T) {
	_, s := newStore(t)
	must(t, save(s, 1, testID(1), ""))
	id := testID(9)
	must(t, s.Derive(saved.Taken{Epoch: 1, ID: id, By: node1}))
	m, err := putParts(s, id)
	must(t, err)
	_, err = s.Prune(1) // must not free its parts
	must(t, err)
	m.Origin = &saved.Origin{ID: testID(1), Edit: ".processes.p1.state = 1"}
	_, err = s.SaveDerived(m)
	must(t, err)
	must(t, check(s, id))
	if latest, err := s.Find("latest"); latest != testID(1) || err != nil {
		t.Errorf("latest is %s, %v, want %s", latest, err, testID(1))
	}
	if removed, err := s.Prune(0); err != nil || !slices.Equal(removed, []snapshot.ID{testID(1)}) {
		t.Errorf("removed %v, %v, want %s: the other was never proposed", removed, err, testID(1))
	}
	must(t, s.Keep(id, 2))
	_, _, err = s.Decide(commit(t, s, 2, id))
	must(t, err)
	if latest, err := s.Find("latest"); latest != id || err != nil {
		t.Errorf("latest is %s, %v, want the base %s", latest, err, id)
	}
	if removed, err := s.Prune(0); err != nil || len(removed) > 0 {
		t.Errorf("removed %v, %v, want nothing", removed, err)
	}
	_, _, err = s.Decide(commit(t, s, 3, ""))
	must(t, err)
	if removed, err := s.Prune(0); err != nil || !slices.Equal(removed, []snapshot.ID{id}) {
		t.Errorf("removed %v, %v, want %s", removed, err, id)
	}
}
