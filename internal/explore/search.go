// Package explore searches every state that a model can reach. It is for tests.
//
// A model describes a system by its states and by the moves that lead from one
// state to the next. A [Search] makes every move in every state that it reaches,
// and visits each state once. It shows two kinds of properties:
//
//   - Safety: Take, Check and End return a [Finding] when something is wrong.
//   - Progress: no state recurs on a path, and End checks every state in which no
//     move is left but faults. So from every state, in whatever order the moves are
//     made once the faults stop, the system comes to an end, and every end is right.
//
// The model must bound its faults, for example by counting them in its state:
// otherwise a state recurs after a fault and its repair.
package explore

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// Search goes depth first through every path of a model, which is the functions.
// Begin, Key, Moves, Take and Text are required. S is a state, K an encoding of one,
// and M a move.
type Search[S any, K comparable, M any] struct {
	// Begin returns the state in which every path begins.
	Begin func() S
	// Key returns an encoding of *s. Equal keys mean equal states: a hash is no key.
	Key func(s *S) K
	// Moves appends every move that can be made in s.
	Moves func(s S, moves []M) []M
	// Take makes a move: it changes *s into the state after m. If it returns a
	// finding, the search does not go on from there.
	Take func(s *S, m M) *Finding
	// Text returns what is written about a move in a trace.
	Text func(s S, m M) string

	// Fault reports whether a move need not happen although it can.
	Fault func(m M) bool
	// Check returns what is wrong in s; nils are left out. If there is anything, the
	// search does not go on from s.
	Check func(s S) []*Finding
	// Finished reports whether s is an end although moves are left.
	Finished func(s S) bool
	// End returns what is wrong in an end: s is finished, or no move is left but
	// faults. Path leads to s.
	End func(s S) []*Finding

	StepsMax int  // a path that is longer is a finding; zero means no limit
	First    bool // stop at the first finding

	Path  []M                 // from the beginning to the state that is being visited
	Ends  int                 // ends that were visited
	Found map[string]*Finding // by check: the finding with the fewest steps

	visited set[K]
	onPath  path[K]
	states  []S // on the path; a state is a few words, and passing each by value costs a tenth of the time
	moves   []M // of all states on the path
	stop    bool
}

// Finding is something wrong that a search came upon.
type Finding struct {
	Check string // name of the check that found it
	Text  string
	Steps int    // length of the path
	Trace string // the path, one move a line
}

// Progress is the check of the search itself: every path comes to an end.
const Progress = "progress"

// Findingf returns a finding of a check.
func Findingf(check, format string, args ...any) *Finding {
	return &Finding{Check: check, Text: fmt.Sprintf(format, args...)}
}

func (f *Finding) String() string {
	return fmt.Sprintf("%s: %s, after %d steps\n%s", f.Check, f.Text, f.Steps, f.Trace)
}

// States returns the number of states that were visited.
func (x *Search[S, K, M]) States() int { return x.visited.n }

// Run visits every state, and returns Found. After a finding it goes on elsewhere,
// so that Found does not depend on the order of the moves.
func (x *Search[S, K, M]) Run() map[string]*Finding {
	x.Found = map[string]*Finding{}
	x.states = append(x.states[:0], x.Begin())
	x.reach()
	return x.Found
}

// Expect runs the search, and fails the test unless exactly the given checks, in
// the order of their names, find something.
func (x *Search[S, K, M]) Expect(t testing.TB, checks ...string) {
	t.Helper()
	start := time.Now()
	x.Run()
	t.Logf("%d states in %.1f s, %d ends", x.States(), time.Since(start).Seconds(), x.Ends)
	got := slices.Sorted(maps.Keys(x.Found))
	for _, check := range got {
		t.Logf("found by %s", x.Found[check])
	}
	if !slices.Equal(got, checks) {
		t.Errorf("found by %q, want %q", got, checks)
	}
}

// reach visits the last state on the path, unless it was visited before.
func (x *Search[S, K, M]) reach() {
	if x.StepsMax > 0 && len(x.Path) > x.StepsMax {
		x.report(Findingf(Progress, "a path has more than %d steps", x.StepsMax))
		x.stop = true
		return
	}
	s := &x.states[len(x.states)-1]
	key := x.Key(s)
	if isNew, hash := x.visited.add(key); isNew {
		x.visit(*s, key, hash)
	} else if x.onPath.has(hash, key) {
		x.report(Findingf(Progress, "a state recurs on the path"))
	}
}

func (x *Search[S, K, M]) visit(s S, key K, hash uint64) {
	if x.Check != nil && x.report(x.Check(s)...) {
		return
	}
	if x.Finished != nil && x.Finished(s) {
		x.end(s)
		return
	}
	first := len(x.moves)
	x.moves = x.Moves(s, x.moves)
	last := len(x.moves)
	goesOn := false
	for i := first; i < last && !goesOn; i++ {
		goesOn = x.Fault == nil || !x.Fault(x.moves[i])
	}
	if !goesOn {
		x.end(s)
	}
	x.onPath.push(hash, key)
	for i := first; i < last && !x.stop; i++ {
		x.Path = append(x.Path, x.moves[i])
		x.states = append(x.states, s)
		if found := x.Take(&x.states[len(x.states)-1], x.moves[i]); found == nil {
			x.reach()
		} else {
			x.report(found)
		}
		x.states = x.states[:len(x.states)-1]
		x.Path = x.Path[:len(x.Path)-1]
	}
	x.onPath.pop(hash)
	x.moves = x.moves[:first]
}

func (x *Search[S, K, M]) end(s S) {
	x.Ends++
	if x.End != nil {
		x.report(x.End(s)...)
	}
}

// report keeps the findings, and reports whether there is one.
func (x *Search[S, K, M]) report(all ...*Finding) (any bool) {
	for _, f := range all {
		if f == nil {
			continue
		}
		any = true
		x.stop = x.stop || x.First
		if last := x.Found[f.Check]; last == nil || last.Steps > len(x.Path) {
			kept := *f
			kept.Steps, kept.Trace = len(x.Path), x.Trace()
			x.Found[f.Check] = &kept
		}
	}
	return any
}

// Trace renders Path.
func (x *Search[S, K, M]) Trace() string {
	var b strings.Builder
	s := x.Begin()
	for _, m := range x.Path {
		fmt.Fprintf(&b, "  %s\n", x.Text(s, m))
		x.Take(&s, m)
	}
	return b.String()
}

// Walk makes random moves until none is left, and calls each after every one of
// them with the states before and after it. A path of StepsMax steps is long enough.
// An error is returned with the trace.
func (x *Search[S, K, M]) Walk(random *rand.Rand, each func(before S, m M, after S) error) error {
	var moves []M
	x.Path = x.Path[:0]
	for s := x.Begin(); x.StepsMax == 0 || len(x.Path) < x.StepsMax; {
		if moves = x.Moves(s, moves[:0]); len(moves) == 0 {
			break
		}
		m := moves[random.IntN(len(moves))]
		x.Path = append(x.Path, m)
		next := s
		if found := x.Take(&next, m); found != nil {
			return fmt.Errorf("%s: %s\n%s", found.Check, found.Text, x.Trace())
		}
		if err := each(s, m, next); err != nil {
			return fmt.Errorf("%w\n%s", err, x.Trace())
		}
		s = next
	}
	return nil
}
