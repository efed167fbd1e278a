package verify

import (
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

func golden(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func check(t *testing.T, doc string) *Report {
	t.Helper()
	r, err := Check(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCompleteSnapshotPasses(t *testing.T) {
	r := check(t, golden(t, "complete.json"))
	if !r.OK() || !r.Consistent() {
		t.Fatalf("got faults %q, want none", r.Faults)
	}
	if r.ID != "20261122T073525123456Z-k3m9x2q7ab" || r.Cluster != "bank" || r.Status != "complete" || len(r.Missing) != 0 {
		t.Errorf("got %+v, want the id, cluster and status of complete.json and nothing missing", r)
	}
	// {"type": "transfer", "amount": 3} is 33 bytes, null 4, //8B and /w== 3 and 1.
	if r.Processes != 4 || r.Channels != 5 || r.Messages != 4 || r.Bytes != 33+4+3+1 {
		t.Errorf("got %d processes, %d channels, %d messages of %d bytes; want 4, 5, 4 and 41", r.Processes, r.Channels, r.Messages, r.Bytes)
	}
}

func TestPartialSnapshotIsConsistentButNotOK(t *testing.T) {
	r := check(t, golden(t, "partial.json"))
	if !r.Consistent() {
		t.Fatalf("got faults %q, want none", r.Faults)
	}
	if r.OK() {
		t.Error("got OK true for a partial snapshot, want false")
	}
	want := "p3: unreachable: connection refused\n" +
		"p4: process restarted: noticed by p1\n" +
		"p1->p4: process restarted\n" +
		"p2->p1: marker not received: p1 waits"
	if got := strings.Join(r.Missing, "\n"); got != want {
		t.Errorf("missing: got\n%s\nwant\n%s", got, want)
	}
	if r.Processes != 3 || r.Channels != 6 || r.Messages != 1 || r.Bytes != 1 {
		t.Errorf("got %+v, want 3 processes, 6 channels and 1 message of 1 byte", r)
	}
}

// The command jq -S sorts keys.
func TestKeysMayComeInAnyOrder(t *testing.T) {
	if r := check(t, golden(t, "sorted-keys.json")); !r.OK() {
		t.Errorf("got faults %q, want none", r.Faults)
	}
}

func TestTruncatedSnapshotNeverPasses(t *testing.T) {
	for _, name := range []string{"complete.json", "partial.json"} {
		doc := strings.TrimRight(golden(t, name), "\n")
		for n := range len(doc) {
			if r, err := Check(strings.NewReader(doc[:n])); err == nil && (r.OK() || r.Consistent()) {
				t.Errorf("first %d bytes of %s: got no error and no fault, want one", n, name)
			}
		}
	}
}

func TestFaultsAreTheSameWithOneByteReads(t *testing.T) {
	for _, doc := range []string{
		golden(t, "complete.json"),
		strings.Replace(golden(t, "complete.json"), "Grüße", "Gr\xc3e", 1),
	} {
		whole := check(t, doc)
		slow, err := Check(iotest.OneByteReader(strings.NewReader(doc)))
		if err != nil || show(whole) != show(slow) {
			t.Errorf("got error %v and faults\n%s\nwant no error and faults\n%s", err, show(slow), show(whole))
		}
	}
}

// show returns the faults of a report, a line for each.
func show(r *Report) string {
	var lines []string
	for _, f := range r.Faults {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}
