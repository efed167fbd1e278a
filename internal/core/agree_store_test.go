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

// A store that fails right after a number was taken keeps nobody from saving the next snapshot.
func TestANumberThatWasTakenIsGivenBack(t *testing.T) {
	h := newRestorable(t, 2, agreement.Options{})
	h.save()
	taken, failed := false, 0
	h.cores["p1"].Store = store.New(h.memory.Open(func(o storetest.Operation) *storetest.Fault {
		if taken = taken || strings.HasPrefix(o.Name, "numbers/1/2"); !taken || o.Kind == "create" || failed == 3 {
			return nil
		}
		failed++
		return &storetest.Fault{Moment: storetest.Before, Err: errors.New("out of order")}
	}), "t")
	replies := h.ask("p1", wire.InitiateRequest{Save: true, Light: true}, time.Second)
	if len(replies) != 1 || replies[0].Kind != wire.KindError || failed < 2 {
		t.Fatalf("got the replies %q and %d failures, want an error after at least 2", replies, failed)
	}
	h.run(2 * giveBackRetry)
	for at, within := range map[snapshot.ProcessID]time.Duration{"p1": time.Second, "p2": time.Second} {
		if end := h.ask(at, wire.InitiateRequest{Save: true, Light: true}, within); len(end) == 0 || !strings.Contains(string(end[len(end)-1].Body), `"saved"`) {
			t.Errorf("%s afterwards: got the replies %q, want a saved snapshot within %v", at, end, within)
		}
	}
}
