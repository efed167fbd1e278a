package core

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/saved"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// spoil changes a byte of an object of a snapshot.
func (h *restorable) spoil(id snapshot.ID, end string) {
	name := "snapshots/" + string(id) + "/" + end
	content := slices.Clone(h.memory.Content(name))
	content[len(content)/2] ^= 1
	h.memory.Set(name, content)
}

// recovering returns a cluster with recovery that has saved three snapshots, of which the
// second is the base of its epoch, and their requests. The count was 1, 2 and 3.
func recovering(t *testing.T, o agreement.Options) (h *restorable, saves [3]wire.RestoreRequest) {
	h = emptyRestorable(t, 3)
	h.program = func() program.Program { return &counter{closed: &h.closed} }
	o.Recover = true
	for _, id := range h.config.IDs() {
		h.start(id, o)
	}
	h.run(10 * time.Second)
	h.call("p1")
	saves[0] = h.save()
	h.call("p1")
	saves[1] = h.save()
	h.restore("p1", saves[1])
	h.call("p1")
	saves[2] = h.save()
	return h, saves
}

// A recovery that finds a part corrupt waits for a restore by hand, and says which object is
// corrupt and what the next older snapshot is. With Older it goes there, beyond the base too,
// and never to the initial state.
func TestACorruptPartStopsARecoveryOrMakesItGoToAnOlderOne(t *testing.T) {
	for _, test := range []struct {
		name    string
		corrupt []int // of the three
		object  string
		base    int // with Older; -1 for none
	}{
		{"the newest", []int{2}, "parts/p2", 1},
		{"the newest, at the proposer", []int{2}, "parts/p3", 1},
		{"the newest and the base", []int{2, 1}, "parts/p2", 0},
		{"manifests of the newest and of the base", []int{2, 1}, "manifest", 0},
		{"all", []int{2, 1, 0}, "parts/p2", -1},
	} {
		for _, older := range []bool{false, true} {
			h, saves := recovering(t, agreement.Options{Older: older})
			for _, i := range test.corrupt {
				h.spoil(saves[i].Snapshot, test.object)
			}
			h.crash("p3")
			h.start("p3", agreement.Options{Recover: true, Older: older})
			h.run(30 * time.Second)
			s := h.cores["p1"].status()
			if want := test.base; older && want >= 0 {
				if s.Recovered == nil || s.Recovered.To != saves[want].Snapshot || h.call("p1") == "" {
					t.Errorf("%s, older ones allowed: got %+v, want a recovery to save %d", test.name, s.Recovered, want)
				}
				continue
			}
			next := "the next older one is "
			if older {
				next = "there is no older snapshot"
			}
			text := h.cores["p1"].agree.recovering()
			for _, want := range []string{"waits for chandy restore: snapshots/", test.object + " is corrupt: ", next} {
				if !strings.Contains(text, want) {
					t.Errorf("%s, older ones allowed %v: got %q, want it to contain %q", test.name, older, text, want)
				}
			}
			if n := mustRead(h).Decided; n > 3+uint64(len(test.corrupt)) {
				t.Errorf("%s, older ones allowed %v: got %d numbers decided within 30 s, want at most one for each corrupt snapshot", test.name, older, n-3)
			}
			if test.base >= 0 && !older {
				h.expect("a restore by hand", h.restore("p1", saves[0])[0] != "", true)
				h.expect("the base after it", h.cores["p3"].status().Base, saves[0].Snapshot)
			}
		}
	}
}

// A part that is read well the second time is not noted as damaged.
func TestAPartIsReadTwiceBeforeItIsCorrupt(t *testing.T) {
	h, saves := recovering(t, agreement.Options{})
	reads := 0
	h.cores["p2"].Store = flipping{h.cores["p2"].Store, &reads}
	h.crash("p3")
	h.start("p3", agreement.Options{Recover: true})
	h.run(10 * time.Second)
	if got := h.cores["p1"].status().Recovered; reads != 2 || got == nil || got.To != saves[2].Snapshot {
		t.Errorf("after %d reads: got %+v, want a recovery to the newest snapshot after 2", reads, got)
	}
}

// flipping reads the first part wrongly.
type flipping struct {
	Store
	reads *int
}

func (f flipping) ReadPart(m *saved.Manifest, process snapshot.ProcessID, w io.Writer) (*saved.Part, error) {
	if *f.reads++; *f.reads == 1 {
		return nil, &saved.CorruptError{Object: "x", Differ: "y"}
	}
	return f.Store.ReadPart(m, process, w)
}
