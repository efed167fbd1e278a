package examples_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chandy/internal/clustertest"
	"chandy/internal/question"
)

var deadlocks = flag.Int("deadlocks", 1, "how often the greedy philosophers are let wait for each other")

// TestCI runs the job of a CI system in examples/philosophers: it passes as it stands. With
// greedy philosophers it fails, and its snapshot shows who waits for whom.
func TestCI(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "python3", "--version").CombinedOutput(); err != nil {
		t.Skipf("examples/philosophers is not run: no python3 here: %v %s", err, out)
	}
	f := newFolder(t, "chandy")
	job := ciJob(t, f.sub(t), "")
	if out, err := job.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("every guest has eaten")) {
		t.Fatalf("ci.sh: got %v, want success\n%s", err, out)
	}
	for range *deadlocks {
		sub := f.sub(t)
		job := ciJob(t, sub, "env = { GREEDY = \"1\" }\n")
		sub.edit("cluster.toml", `delay = "20ms"`, `delay = "2s"`) // the guests come one after the other
		if out, err := job.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("stalled")) {
			t.Fatalf("ci.sh with greedy philosophers: got %v, want a failure that names stalled\n%s", err, out)
		}
		s, err := clustertest.Read([]byte(read(t, filepath.Join(sub.dir, "snapshot.json"))))
		if err != nil {
			t.Fatal(err)
		}
		a := question.Stalled(s.Global)
		if a.Verdict != question.Yes || len(a.Witness) != 6 || a.Witness[0] != "n1 -> n2 -> n3 -> n4 -> n5 -> n1" {
			t.Fatalf("greedy philosophers: got %v %q, want yes and a circle of five\n%s", a.Verdict, a.Witness, s)
		}
	}
}

// ciJob copies the example into a folder and returns its job. The settings are added to the
// program of the cluster file.
func ciJob(t *testing.T, f *folder, settings string) *exec.Cmd {
	t.Helper()
	if err := os.CopyFS(f.dir, os.DirFS("philosophers")); err != nil {
		t.Fatal(err)
	}
	f.writeCluster(strings.Replace(read(t, "philosophers/cluster.toml"), "[program]\n", "[program]\n"+settings, 1))
	job := exec.CommandContext(f.ctx, filepath.Join(f.dir, "ci.sh"))
	job.Env = append(os.Environ(), "PATH="+f.programs+":"+os.Getenv("PATH"))
	return job
}

// edit replaces a text in a file of the folder.
func (f *folder) edit(file, old, new string) {
	f.t.Helper()
	path := filepath.Join(f.dir, file)
	text := read(f.t, path)
	if !strings.Contains(text, old) {
		f.t.Fatalf("%s: got %s, want %q in it", file, text, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(text, old, new, 1)), 0o600); err != nil {
		f.t.Fatal(err)
	}
}
