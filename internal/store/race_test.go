package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
)

// race is several nodes at one store. Every order of their operations is tried, and every
// crash of a node between two of them.
type race struct {
	begin func(t testing.TB, s *store.Store)
	// nodes are what the nodes do. Each is deterministic but for what it reads.
	nodes []func(s *store.Store) error
	// check returns what is wrong in the end. Each node has an error, nil if it succeeded.
	check func(s *store.Store, errs []error) error
	// during, if non-nil, is called after a node has ended; the others wait meanwhile.
	during func(s *store.Store, node int, err error) error
	crash  bool // nodes crash too
}

// state is a race after a schedule. Two schedules that lead to the same objects, and in
// which each node has read the same, lead to equal states.
type state struct {
	key   string
	alive []int
	errs  []error
	wrong error
}

// explore tries all schedules, and returns how many states there were.
func (r *race) explore(t testing.TB) int {
	first, s := newStore(t)
	if r.begin != nil {
		r.begin(t, s)
	}
	seen := map[string]bool{}
	var visit func(schedule []int)
	visit = func(schedule []int) {
		st := r.run(first.Clone(), schedule)
		if st.wrong != nil {
			t.Fatalf("schedule %v: %v", schedule, st.wrong)
		}
		if seen[st.key] {
			return
		}
		seen[st.key] = true
		for _, node := range st.alive {
			visit(append(slices.Clip(schedule), node))
			if r.crash {
				visit(append(slices.Clip(schedule), -1-node))
			}
		}
	}
	visit(nil)
	return len(seen)
}

// gated is a node whose operations wait for the schedule.
type gated struct {
	ask     chan storetest.Operation // an operation that waits
	proceed chan bool                // false: the node has crashed
	ended   chan error
	history [32]byte // of what it has read
	waits   *storetest.Operation
	err     error
	done    bool
}

// run carries out a schedule: each number lets that node do one operation, and -1-node
// crashes it.
func (r *race) run(m *storetest.Memory, schedule []int) state {
	s := store.New(m.Open(nil), "bank")
	nodes := make([]*gated, len(r.nodes))
	var wrong error
	for i, do := range r.nodes {
		nodes[i] = &gated{ask: make(chan storetest.Operation), proceed: make(chan bool), ended: make(chan error)}
		nodes[i].start(m, do)
	}
	for i := range nodes {
		nodes[i].wait()
	}
	for _, step := range schedule {
		g, crash := nodes[max(step, -1-step)], step < 0
		g.step(m, !crash)
		for !g.done && crash {
			g.step(m, false)
		}
		if g.done && r.during != nil && !crash && wrong == nil {
			wrong = r.during(s, step, g.err)
		}
	}
	st := state{wrong: wrong}
	h := sha256.New()
	for _, name := range m.Names() {
		content := m.Content(name)
		fmt.Fprintf(h, "%s %d\n%s", name, len(content), content)
	}
	for i, g := range nodes {
		fmt.Fprintf(h, "%x %v %v\n", g.history, g.done, g.err)
		st.errs = append(st.errs, g.err)
		if !g.done {
			st.alive = append(st.alive, i)
		}
	}
	st.key = string(h.Sum(nil))
	if len(st.alive) == 0 && st.wrong == nil {
		st.wrong = r.check(s, st.errs)
	}
	for _, g := range nodes {
		for !g.done {
			g.step(m, false)
		}
	}
	return st
}

func (g *gated) start(m *storetest.Memory, do func(*store.Store) error) {
	s := store.New(m.Open(func(o storetest.Operation) *storetest.Fault {
		if o.Name == "chandy-store" { // never changes, so its order means nothing
			return nil
		}
		g.ask <- o
		if !<-g.proceed {
			return &storetest.Fault{Err: storetest.ErrCrashed}
		}
		return nil
	}), "bank")
	go func() { g.ended <- do(s) }()
}

// wait waits until the node wants to do an operation or has ended.
func (g *gated) wait() {
	select {
	case o := <-g.ask:
		g.waits = &o
	case g.err = <-g.ended:
		g.done = true
	}
}

// step lets the node do the operation for which it waits, or fails it.
func (g *gated) step(m *storetest.Memory, succeeds bool) {
	o := g.waits
	h := sha256.New()
	fmt.Fprintf(h, "%x %s %v\n", g.history, o, succeeds)
	for _, name := range m.Names() {
		switch {
		case o.Kind == "list" && strings.HasPrefix(name, o.Name):
			fmt.Fprintf(h, "%s %d\n", name, len(m.Content(name)))
		case name == o.Name:
			fmt.Fprintf(h, "%s\n", m.Content(name))
		}
	}
	g.history = [32]byte(h.Sum(nil))
	g.proceed <- succeeds
	g.wait()
}

func taker(n int) func(*store.Store) error {
	return func(s *store.Store) error {
		_, err := s.Take(saved.Taken{Epoch: 1, ID: testID(n), By: node1})
		return err
	}
}

func TestTwoTakersGetTwoNumbersOrOneIsRefused(t *testing.T) {
	r := race{
		nodes: []func(*store.Store) error{taker(1), taker(2)},
		crash: true,
		check: func(s *store.Store, errs []error) error {
			entries, err := s.List()
			if err != nil || len(entries) > 1 {
				return fmt.Errorf("%d snapshots took number 1, %v", len(entries), err)
			}
			var busy *store.BusyError
			for n, err := range errs {
				switch {
				case err == nil && (len(entries) != 1 || entries[0].ID != testID(n+1)):
					return fmt.Errorf("%d did not take its number: %+v", n+1, entries)
				case err != nil && !errors.As(err, &busy) && !errors.Is(err, storetest.ErrCrashed):
					return err
				}
			}
			return nil
		},
	}
	t.Logf("%d states", r.explore(t))
}

// TestNumbersAscendAlthoughTheyAreFreed: a taker can be so slow that the number that it
// wants has been taken, abandoned and freed.
func TestNumbersAscendAlthoughTheyAreFreed(t *testing.T) {
	abandon := func(s *store.Store, n int) error {
		number, err := s.Take(saved.Taken{Epoch: 1, ID: testID(n), By: node1})
		if err != nil {
			return err
		}
		return s.Abandon(1, number, "no", node1)
	}
	freed := 0
	r := race{
		nodes: []func(*store.Store) error{taker(1), func(s *store.Store) error {
			if err := errors.Join(abandon(s, 2), abandon(s, 3)); err != nil {
				return nil // the other one has the number
			}
			_, err := s.Prune(0)
			return err
		}},
		during: func(s *store.Store, node int, err error) error {
			entries, listErr := s.List()
			if node == 1 && len(entries) > 0 && entries[0].Number == 2 {
				freed++
			}
			if node == 1 || err != nil {
				return listErr
			}
			if last := entries[len(entries)-1]; last.ID != testID(1) {
				return fmt.Errorf("snapshot 1 took its number, and the last number %d belongs to %s", last.Number, last.ID)
			}
			return listErr
		},
		check: func(s *store.Store, errs []error) error {
			var busy *store.BusyError
			if errs[0] != nil && !errors.As(errs[0], &busy) {
				return errs[0]
			}
			return errs[1]
		},
	}
	t.Logf("%d states", r.explore(t))
	if freed == 0 {
		t.Error("no number was freed, want that it is")
	}
}

func TestTwoDecisionsOfOneNumberAreOne(t *testing.T) {
	var decided [2]saved.Decision
	var mine [2]bool
	decide := func(i int, verdict saved.Verdict) func(s *store.Store) error {
		return func(s *store.Store) (err error) {
			d := saved.Decision{Number: 2, Verdict: verdict, Kind: saved.ByHand, Ends: 1, By: "p1", Voters: []saved.Node{node1}}
			decided[i], mine[i], err = s.Decide(d)
			return err
		}
	}
	r := race{
		nodes: []func(*store.Store) error{decide(0, saved.Commit), decide(1, saved.Abort)},
		check: func(s *store.Store, errs []error) error {
			if err := errors.Join(errs...); err != nil {
				return err
			}
			if decided[0].Verdict != decided[1].Verdict || mine[0] == mine[1] || mine[0] != (decided[0].Verdict == saved.Commit) {
				return fmt.Errorf("decided %s (mine: %v) and %s (mine: %v)", decided[0].Verdict, mine[0], decided[1].Verdict, mine[1])
			}
			return nil
		},
	}
	t.Logf("%d states", r.explore(t))
}

// TestASnapshotIsSavedOrAbandoned: when it is abandoned, all of it is freed at once.
func TestASnapshotIsSavedOrAbandoned(t *testing.T) {
	var manifest *saved.Manifest
	freed := 0
	r := race{
		begin: func(t testing.TB, s *store.Store) {
			must(t, taker(1)(s))
			var err error
			manifest, err = putParts(s, testID(1))
			must(t, err)
			manifest.Number = 1
		},
		nodes: []func(*store.Store) error{
			func(s *store.Store) error { _, err := s.Save(manifest); return err },
			func(s *store.Store) error {
				if err := s.Abandon(1, 1, "too late", node1); err != nil {
					return err
				}
				if err := taker(2)(s); err != nil {
					return err
				}
				if err := s.Abandon(1, 2, "too late", node1); err != nil {
					return err
				}
				_, err := s.Prune(0)
				return err
			},
		},
		check: func(s *store.Store, errs []error) error {
			isSaved := check(s, testID(1)) == nil
			if isSaved != (errs[0] == nil) || isSaved == (errs[1] == nil) {
				return fmt.Errorf("saved: %v, Save: %v, Abandon: %v", isSaved, errs[0], errs[1])
			}
			entries, err := s.List()
			if len(entries) == 1 && !isSaved {
				freed++
			}
			return err
		},
	}
	t.Logf("%d states", r.explore(t))
	if freed == 0 {
		t.Error("the number was never freed, want that it is")
	}
}

// restorer keeps snapshot 1 and makes it the base of epoch 2.
func restorer(s *store.Store) error {
	if err := s.Keep(testID(1), 2); err != nil {
		return err
	}
	d := saved.Decision{
		Number: 2, Verdict: saved.Commit, Kind: saved.ByHand, Ends: 1, Snapshot: testID(1), Manifest: saved.Hash(nil),
		Voters: []saved.Node{node1}, By: "p1",
	}
	_, _, err := s.Decide(d)
	return err
}

// TestABaseIsNeverRemoved: checking whether a snapshot is a base, and then deleting it,
// would remove one.
func TestABaseIsNeverRemoved(t *testing.T) {
	for name, remover := range map[string]func(s *store.Store) error{
		"remove": func(s *store.Store) error { return s.Remove(testID(1), false) },
		"prune":  func(s *store.Store) error { _, err := s.Prune(1); return err },
	} {
		r := race{
			begin: func(t testing.TB, s *store.Store) {
				must(t, save(s, 1, testID(1), ""))
				must(t, save(s, 1, testID(2), ""))
			},
			nodes: []func(*store.Store) error{remover, restorer},
			crash: name == "remove", // it takes twice as long
			check: func(s *store.Store, errs []error) error {
				r, err := s.Reading()
				switch {
				case err != nil:
					return err
				case r.Base() == testID(1):
					return check(s, r.Base())
				case errs[1] == nil:
					return errors.New("the restore succeeded, and there is no base")
				}
				var notFound *store.NotFoundError
				if !errors.As(errs[1], &notFound) && !errors.Is(errs[1], storetest.ErrCrashed) {
					return errs[1]
				}
				return nil
			},
		}
		t.Run(name, func(t *testing.T) { t.Logf("%d states", r.explore(t)) })
	}
}

func TestALateSaveDoesNotBringBackARemovedSnapshot(t *testing.T) {
	var manifest *saved.Manifest
	r := race{
		begin: func(t testing.TB, s *store.Store) {
			must(t, save(s, 1, testID(1), ""))
			must(t, save(s, 1, testID(2), ""))
			var err error
			manifest, _, err = s.Manifest(testID(1))
			must(t, err)
		},
		nodes: []func(*store.Store) error{
			func(s *store.Store) error { _, err := s.Prune(1); return err },
			func(s *store.Store) error { _, _ = s.Save(manifest); return nil },
		},
		check: func(s *store.Store, errs []error) error {
			if errs[0] != nil {
				return errs[0]
			}
			if check(s, testID(1)) == nil {
				return errors.New("the removed snapshot is there")
			}
			if _, err := s.Prune(1); err != nil {
				return err
			}
			return check(s, testID(2))
		},
	}
	t.Logf("%d states", r.explore(t))
}

// TestPartsThatAreBeingWrittenAreNoLeftovers: a part is written while another node prunes.
func TestPartsThatAreBeingWrittenAreNoLeftovers(t *testing.T) {
	r := race{
		nodes: []func(*store.Store) error{
			func(s *store.Store) error { _, err := s.Prune(1); return err },
			func(s *store.Store) error {
				if err := taker(1)(s); err != nil {
					return err
				}
				_, err := s.PutPart(testID(1), "p1", testPart(testID(1), "p1").Encode)
				return err
			},
		},
		check: func(s *store.Store, errs []error) error {
			if err := errors.Join(errs...); err != nil {
				return err
			}
			entries, err := s.List()
			if err != nil || len(entries) != 1 || entries[0].Bytes == 0 {
				return fmt.Errorf("the part is not there: %+v, %v", entries, err)
			}
			return nil
		},
	}
	t.Logf("%d states", r.explore(t))
}

// TestTwoNodesPruneAtOnce: one snapshot is to be removed, one to be abandoned, and the
// records of another one to be freed.
func TestTwoNodesPruneAtOnce(t *testing.T) {
	prune := func(s *store.Store) error {
		_, err := s.Prune(0)
		return err
	}
	r := race{
		begin: func(t testing.TB, s *store.Store) {
			must(t, taker(1)(s))
			must(t, s.Abandon(1, 1, "no", node1))
			must(t, taker(2)(s))
			_, _, err := s.Decide(commit(t, s, 2, ""))
			must(t, err)
		},
		nodes: []func(*store.Store) error{prune, prune},
		check: func(s *store.Store, errs []error) error {
			if err := errors.Join(errs...); err != nil {
				return err
			}
			entries, err := s.List()
			if err != nil || len(entries) != 1 || entries[0].State != store.Failed || entries[0].Number != 2 {
				return fmt.Errorf("got %+v, %v, want number 2, abandoned", entries, err)
			}
			return nil
		},
	}
	t.Logf("%d states", r.explore(t))
}
