package core

import (
	"errors"
	"strings"
	"testing"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// p2 sees an empty folder where the others see the store, as if a file system were not
// mounted. Nothing begins, no store is made there and no number is used up. When p2 sees the
// store, the cluster begins.
func TestAFolderThatIsNotMountedIsNoEmptyStore(t *testing.T) {
	for _, unmounted := range []snapshot.ProcessID{"p1", "p2"} { // p1 proposes first
		h := emptyRestorable(t, 3)
		h.program = func() program.Program { return &counter{closed: &h.closed} }
		if _, err := store.New(h.memory.Open(nil), "t").Create("20261122T073519000000Z-ayeq3nkbeh"); err != nil {
			t.Fatal(err)
		}
		empty, options := &storetest.Memory{}, agreement.Options{Recover: true}
		for _, id := range h.config.IDs() {
			h.start(id, options)
		}
		h.cores[unmounted].Store = store.New(empty.Open(nil), "t")
		h.run(2 * time.Minute)
		for _, id := range h.config.IDs() {
			if got := h.cores[id].epochNumber(); got != 1 {
				t.Errorf("without the store at %s: got %s in epoch %d, want 1", unmounted, id, got)
			}
		}
		if _, err := store.New(empty.Open(nil), "t").ID(); !isAbsent(err) {
			t.Errorf("without the store at %s: got error %v for its folder, want no store there", unmounted, err)
		}
		if got, want := h.cores[unmounted].agree.recovering(), "(there is no store yet)"; !strings.HasPrefix(got, "begins when all processes are there "+want) {
			t.Errorf("without the store at %s: got %q, want %q in it", unmounted, got, want)
		}
		h.cores[unmounted].Store = store.New(h.memory.Open(nil), "t")
		h.run(2 * time.Minute)
		for _, id := range h.config.IDs() {
			if got := h.cores[id].epochNumber(); got < 2 {
				t.Errorf("with the store at %s again: got %s in epoch %d, want 2 or more", unmounted, id, got)
			}
		}
	}
}

// A store that fails while a number is taken, or right afterwards, keeps nobody from saving the
// next snapshot.
func TestANumberThatWasTakenIsGivenBack(t *testing.T) {
	for _, answered := range []bool{true, false} {
		h := newRestorable(t, 2, agreement.Options{})
		h.save()
		taken, failed := false, 0
		h.cores["p1"].Store = store.New(h.memory.Open(func(o storetest.Operation) *storetest.Fault {
			if taken = taken || strings.HasPrefix(o.Name, "numbers/1/2"); !taken || failed == 3 {
				return nil
			}
			fault := &storetest.Fault{Moment: storetest.Before, Err: errors.New("out of order")}
			if o.Kind == "create" {
				if answered {
					return nil
				}
				fault.Moment = storetest.After
			}
			failed++
			return fault
		}), "t")
		replies := h.ask("p1", wire.InitiateRequest{Save: true, Light: true}, 100*time.Millisecond)
		if len(replies) != 1 || replies[0].Kind != wire.KindError || failed < 2 {
			t.Fatalf("answered %t: got the replies %q and %d failures, want an error after at least 2", answered, replies, failed)
		}
		h.run(3 * giveBackRetry)
		for _, at := range []snapshot.ProcessID{"p1", "p2"} {
			if end := h.ask(at, wire.InitiateRequest{Save: true, Light: true}, time.Second); len(end) == 0 || !strings.Contains(string(end[len(end)-1].Body), `"saved"`) {
				t.Errorf("answered %t, %s afterwards: got the replies %q, want a saved snapshot within a second", answered, at, end)
			}
		}
		if got := h.cores["p1"].doubts; got != 0 {
			t.Errorf("answered %t: got %d snapshots in doubt, want none", answered, got)
		}
	}
}
