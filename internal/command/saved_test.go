package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chandy/internal/cmdline"
	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/snapshot"
	"chandy/wire"
)

// storedCluster is a cluster file of a cluster that is down, with a store.
type storedCluster struct {
	*testing.T
	dir   string
	store *store.Store
}

func newStoredCluster(t *testing.T) storedCluster {
	t.Helper()
	dir := t.TempDir()
	text := strings.NewReplacer("$P1", "1", "$P2", "2", "$P3", "3").Replace(bank)
	c := storedCluster{t, dir, nil}
	c.must(os.WriteFile(filepath.Join(dir, "cluster.toml"), []byte(text), 0o600))
	cluster, err := cmdline.LoadFile(filepath.Join(dir, "cluster.toml"), "")
	c.must(err)
	c.store = storeOf(cluster)
	_, err = c.store.Create("20261122T073519000000Z-ayeq3nkbeh")
	c.must(err)
	return c
}

func (c storedCluster) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func savedID(n int) snapshot.ID {
	return snapshot.ID(fmt.Sprintf("20261122T0735%02d000000Z-k3m9x2q7ab", n))
}

var savedBy = saved.Node{Process: "p1", Incarnation: "i1"}

func (c storedCluster) take(n int, name string) uint64 {
	c.Helper()
	number, err := c.store.Take(saved.Taken{Epoch: 1, ID: savedID(n), Name: name, By: savedBy})
	c.must(err)
	return number
}

// save saves a snapshot of one process, p1, with a channel to itself.
func (c storedCluster) save(n int, name string) {
	c.Helper()
	id := savedID(n)
	number := c.take(n, name)
	flight := snapshot.Batch{First: 3}
	flight.Append([]byte(`{"type":"transfer","amount":4}`))
	part := &saved.Part{
		Snapshot: id, Process: "p1", Incarnation: "i1", State: snapshot.State{Bytes: fmt.Appendf(nil, `{"balance":%d}`, n)},
		Out: []saved.Outgoing{{To: "p1", Peer: "i1", Acked: 3, Sent: 3, SentBytes: uint64(len(flight.Body))}},
		In:  []saved.Incoming{{From: "p1", Peer: "i1", Received: 2, Sent: 3, Messages: []snapshot.Batch{flight}}},
	}
	summary, err := c.store.PutPart(id, "p1", part.Encode)
	c.must(err)
	m := &saved.Manifest{
		ID: id, Cluster: "bank", Config: saved.Hash(nil), Epoch: 1, Number: number, Name: name, Assembler: "p1", Initiators: []snapshot.ProcessID{"p1"},
		Processes: []saved.Process{{ID: "p1", Incarnation: "i1", Part: summary.Part, WhyNot: "it is a \x1b[31mpoem"}},
	}
	var faults []error
	m.Channels, faults = saved.Certify(snapshot.NewTopology([]snapshot.ProcessID{"p1"}, []snapshot.Channel{{From: "p1", To: "p1"}}), []saved.Summary{summary})
	c.must(errors.Join(faults...))
	_, err = c.store.Save(m)
	c.must(err)
}

// commit makes a snapshot the base of an epoch.
func (c storedCluster) commit(epoch uint64, n int) {
	c.Helper()
	_, sha256, err := c.store.Manifest(savedID(n))
	c.must(err)
	_, _, err = c.store.Decide(saved.Decision{
		Number: epoch, Verdict: saved.Commit, Kind: saved.ByHand, Ends: epoch - 1, Snapshot: savedID(n), Manifest: sha256, Voters: []saved.Node{savedBy}, By: "p1",
	})
	c.must(err)
}

func (c storedCluster) object(id snapshot.ID, name string) string {
	return filepath.Join(c.dir, ".chandy/store/snapshots", string(id), name)
}

// damage changes a byte of an object.
func (c storedCluster) damage(file string) {
	c.Helper()
	text, err := os.ReadFile(file)
	c.must(err)
	text[len(text)/2] ^= 1
	c.must(os.Remove(file))
	c.must(os.WriteFile(file, text, 0o600))
}

// run runs a command, which must exit with a code and print texts.
func (c storedCluster) run(want int, command string, texts ...string) (stdout string) {
	c.Helper()
	args := append([]string{"chandy"}, strings.Fields(command)...)
	args = append(args[:2:2], append([]string{"--cluster", filepath.Join(c.dir, "cluster.toml")}, args[2:]...)...)
	var out, errs strings.Builder
	got := Main(args, strings.NewReader(""), &out, &errs)
	if got != want {
		c.Errorf("%s: got exit status %d, want %d\n%s%s", command, got, want, out.String(), errs.String())
	}
	for _, text := range texts {
		if !strings.Contains(out.String()+errs.String(), text) {
			c.Errorf("%s: got\n%s%swant %q", command, out.String(), errs.String(), text)
		}
	}
	return out.String()
}

func TestSavedSnapshotsAreNamedByIDNameAndLatest(t *testing.T) {
	c := newStoredCluster(t)
	c.save(1, "noon")
	c.save(2, "")
	for snap, balance := range map[string]int{"noon": 1, string(savedID(1)): 1, "latest": 2, string(savedID(2)): 2} {
		c.run(0, "show --processes "+snap, fmt.Sprintf(`{"balance":%d}`, balance))
	}
	shown := c.run(0, "show noon")
	if g, err := snapshot.Decode([]byte(shown)); err != nil || g.ID != savedID(1) || g.InFlight() != 1 {
		t.Errorf("show: got %v and %s, want the document of %s", err, shown, savedID(1))
	}
	c.run(1, "diff noon latest", "/balance: 1 -> 2")
	c.run(0, "diagram --text noon", "balance 1")
	c.run(1, "verify noon latest", // the cluster file has more processes
		"noon: fault: p2", "noon: saved: 1 part, ", "noon: p1 cannot be restored: it is a \\x1b[31mpoem", string(savedID(2))+": saved: ")
	c.run(2, "show other", `no file other, and no saved snapshot "other"`, "chandy snapshots lists the saved snapshots")

	t.Chdir(c.dir)
	c.must(os.WriteFile("noon", []byte(shown), 0o600))
	c.must(os.WriteFile("file", []byte(shown), 0o600))
	c.must(os.Mkdir("folder", 0o700))
	c.run(2, "show noon", "noon is a file, and a saved snapshot too", "write ./noon for the file")
	c.run(2, "verify noon", "write ./noon for the file")
	c.run(0, "show ./noon", "p1")
	c.run(0, "show file", "p1")
	c.run(2, "show folder", `no saved snapshot "folder"`)
}

func TestWithoutAStoreAWordIsAFileAndLatestIsAnError(t *testing.T) {
	c := newStoredCluster(t)
	c.must(os.RemoveAll(filepath.Join(c.dir, ".chandy")))
	c.run(2, "show word", "no file word")
	c.run(2, "show latest", "no store at "+c.dir, "chandy initiate --save saves a snapshot")
	if got := c.run(0, "snapshots", "no snapshot was saved"); got != "" {
		t.Errorf("snapshots: got %q on stdout, want nothing", got)
	}
	c.run(0, "snapshots --json", `"snapshots": []`)
	c.run(2, "remove word", "no store at ")
	t.Chdir(t.TempDir()) // without a cluster file
	var errs strings.Builder
	if got := Main([]string{"chandy", "show", "word"}, strings.NewReader(""), &errs, &errs); got != 2 || !strings.Contains(errs.String(), "no file word") {
		t.Errorf("without a cluster file: got %d and %s, want 2 and no file word", got, errs.String())
	}
}

func TestWhatIsCorruptOrCannotBeReadIsNamed(t *testing.T) {
	c := newStoredCluster(t)
	c.save(1, "noon")
	c.save(2, "dusk")
	c.damage(c.object(savedID(1), "parts/p1"))
	part := "snapshots/" + string(savedID(1)) + "/parts/p1 is corrupt: its sha256"
	c.run(3, "show noon", "chandy: error: "+part)
	if got := c.run(1, "verify noon", "noon: fault: "+part); !strings.HasPrefix(got, "noon: fault: ") {
		t.Errorf("verify: got %s, want the fault on stdout", got)
	}
	c.run(0, "show latest", "p1") // the other one

	c.damage(c.object(savedID(2), "manifest"))
	manifest := "snapshots/" + string(savedID(2)) + "/manifest is corrupt"
	c.run(3, "show "+string(savedID(2)), manifest)
	c.run(1, "verify "+string(savedID(2)), "fault: "+manifest)
	c.run(3, "show latest", manifest, "the next older one is "+string(savedID(1)))
	c.run(0, "snapshots", "corrupt", manifest)
	c.run(0, "remove --force "+string(savedID(2)), "removed "+string(savedID(2)))

	c.must(os.RemoveAll(filepath.Join(c.dir, ".chandy/store")))
	c.must(os.Symlink("store", filepath.Join(c.dir, ".chandy/store"))) // a loop: nothing can be read
	for _, command := range []string{"show noon", "verify noon", "snapshots", "remove noon"} {
		c.run(3, command, "storage failed: ")
	}
}

func TestSnapshotsAreListedWithTheirStatesAndReasons(t *testing.T) {
	c := newStoredCluster(t)
	c.save(1, "noon")
	c.must(c.store.Abandon(1, c.take(2, ""), "p2: \x1b[2J disk full", savedBy))
	c.take(3, "")
	c.commit(2, 1)
	table := c.run(0, "snapshots")
	for _, want := range []string{"saved, base, pinned", "failed\n", `p2: \x1b[2J disk full`, "unfinished\n", "p1 saves it", "p1 cannot be restored: it is a \\x1b[31mpoem"} {
		if !strings.Contains(table, want) {
			t.Errorf("got\n%s\nwant %q", table, want)
		}
	}
	var got listing
	c.must(json.Unmarshal([]byte(c.run(0, "snapshots --json")), &got))
	if got.Format != "chandy/snapshots.v1" || len(got.Snapshots) != 3 {
		t.Fatalf("got %+v, want three snapshots", got)
	}
	for i, want := range []store.State{store.Saved, store.Failed, store.Unfinished} {
		if l := got.Snapshots[i]; l.State != want || l.ID != savedID(i+1) || l.Number != uint64(i+1) || l.StartedAt == nil || l.Pinned != (i == 0) || l.Base != (i == 0) {
			t.Errorf("got %+v, want %s with number %d", l, want, i+1)
		}
	}
	if l := got.Snapshots[0]; *l.InFlight != 1 || l.Processes != 1 || len(l.NotRestorable) != 1 || l.Bytes == 0 {
		t.Errorf("got %+v, want one process, and one message in flight", l)
	}
}

func TestRemoveSaysWhatHoldsASnapshot(t *testing.T) {
	c := newStoredCluster(t)
	c.save(1, "base")
	c.save(2, "noon")
	c.save(3, "")
	c.commit(2, 1)
	c.must(c.store.Keep(savedID(3), 3))
	c.take(4, "")
	var said strings.Builder
	Main([]string{"chandy", "remove", "--cluster", filepath.Join(c.dir, "cluster.toml"), "base"}, strings.NewReader(""), &said, &said)
	if strings.Contains(said.String(), "--force") {
		t.Errorf("remove base: got %s, want no hint of --force, which does not help", said.String())
	}
	c.run(1, "remove base", "stays: it has the name")
	c.run(1, "remove --force base", "stays: it is the base of epoch 2")
	c.run(1, "remove --force "+string(savedID(3)), "stays: it is kept for the proposal of epoch 3")
	c.run(1, "remove noon", `stays: it has the name "noon"`, "chandy remove --force")
	c.run(1, "remove "+string(savedID(4)), "stays: p1 saves it", "chandy remove --force")
	for _, snap := range []string{"now", "-"} {
		c.run(2, "remove "+snap, "remove needs a saved snapshot")
	}
	c.run(2, "remove other", `no saved snapshot "other"`)
	c.run(0, "remove --force noon", "removed "+string(savedID(2)))
	c.run(2, "remove --force noon", `no saved snapshot "noon"`)
	c.run(0, "remove --force "+string(savedID(4)))
	c.run(0, "show base", "p1")
	c.must(c.store.Abandon(1, c.take(5, "dusk"), "full", savedBy))
	c.save(6, "dusk")
	c.run(0, "remove --force dusk", "removed "+string(savedID(6))) // not the one that failed
}

func TestSavedSnapshotsAreCompleted(t *testing.T) {
	c := newStoredCluster(t)
	c.save(1, "noon")
	hostile := saved.Seal(&saved.Taken{Epoch: 1, Number: 7, ID: savedID(7), Name: "\x1b[2J"})
	c.must(os.WriteFile(filepath.Join(c.dir, ".chandy/store/numbers/1/7"), hostile, 0o600))
	if got := c.run(0, "snapshots", `\x1b[2J`); strings.Contains(got, "\x1b") {
		t.Errorf("got %q, want the name escaped", got)
	}
	for _, command := range []string{"show", "diff", "verify", "remove"} {
		var out strings.Builder
		Main([]string{"chandy", command, "--cluster", filepath.Join(c.dir, "cluster.toml"), "", "--generate-bash-completion"}, strings.NewReader(""), &out, &out)
		for _, want := range []string{"latest\t", "noon\t" + string(savedID(1)) + "\n", string(savedID(1)) + "\tsaved\n"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: got\n%s\nwant %q", command, out.String(), want)
			}
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("%s: got %q, want no name that is not one", command, out.String())
		}
	}
}

func TestInitiateSaysWhatBecameOfTheSaving(t *testing.T) {
	c := newStoredCluster(t)
	c.save(1, "noon")
	cluster, err := cmdline.LoadFile(filepath.Join(c.dir, "cluster.toml"), "")
	c.must(err)
	for _, one := range []struct {
		reply *wire.SaveReply
		light bool
		code  int
		want  []string
	}{
		{&wire.SaveReply{Number: 1, Name: "noon", Bytes: 2048, NotRestorable: []string{"p1: it is a \x1bpoem"}}, false, 0,
			[]string{"chandy: saved as " + string(savedID(1)) + " (noon): number 1, 2.0 KiB\n", "chandy: warning: cannot be restored: p1: it is a \\x1bpoem\n"}},
		{&wire.SaveReply{Number: 1, Name: "noon", Bytes: 2048}, true, 0, []string{`,"epoch":1,`, `"in_flight":1,`}},
		{&wire.SaveReply{Error: "storage failed: full"}, true, 1, []string{"not saved: storage failed: full"}},
		{nil, false, 3, []string{"does not say whether the snapshot is saved"}},
	} {
		var out strings.Builder
		e := &env{&cmdline.Env{Stdout: &out, Stderr: &out}}
		s := saving{initiator: e.initiator(cluster), on: true, light: one.light}
		err := s.outcome(wire.EndReply{ID: savedID(1), Status: "complete", Processes: 3, Saved: one.reply}, direct{&out})
		if got := exitCode(err); got != one.code {
			t.Errorf("%+v: got exit code %d, want %d", one.reply, got, one.code)
		}
		for _, want := range one.want {
			if text := fmt.Sprint(out.String(), err); !strings.Contains(text, want) {
				t.Errorf("%+v: got %s, want %s", one.reply, text, want)
			}
		}
	}
	c.must(os.RemoveAll(filepath.Join(c.dir, ".chandy"))) // as on another machine
	s := saving{initiator: (&env{&cmdline.Env{}}).initiator(cluster)}
	got := s.listed(wire.EndReply{ID: savedID(1), Processes: 3, InFlight: 2, Saved: &wire.SaveReply{Number: 1, Name: "noon", Bytes: 2048}})
	if got.Epoch != 0 || got.Number != 1 || *got.InFlight != 2 || got.Bytes != 2048 || !got.Pinned || got.State != store.Saved {
		t.Errorf("without the store: got %+v, want what the reply has", got)
	}
}
