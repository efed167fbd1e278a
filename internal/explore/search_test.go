package explore

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// toy is a program that counts to 3 in two variables, in any order. A lossy one may
// lose all of the second, once, and has to count again.
type toy struct{ a, b, lost int }

type toyMove string

const (
	countA toyMove = "count a"
	countB toyMove = "count b"
	loseB  toyMove = "lose b"
	backA  toyMove = "count a back"
)

func newToy(extra func(s toy) []toyMove) *Search[toy, toy, toyMove] {
	return &Search[toy, toy, toyMove]{
		Begin: func() toy { return toy{} },
		Key:   func(s *toy) toy { return *s },
		Moves: func(s toy, moves []toyMove) []toyMove {
			if s.a < 3 {
				moves = append(moves, countA)
			}
			if s.b < 3 {
				moves = append(moves, countB)
			}
			return append(moves, extra(s)...)
		},
		Take: func(s *toy, m toyMove) *Finding {
			switch m {
			case countA:
				s.a++
			case countB:
				s.b++
			case loseB:
				s.b, s.lost = 0, s.lost+1
			case backA:
				s.a--
			}
			return nil
		},
		Text:  func(_ toy, m toyMove) string { return string(m) },
		Fault: func(m toyMove) bool { return m == loseB },
		End: func(s toy) []*Finding {
			if s.a < 3 || s.b < 3 {
				return []*Finding{Findingf("end", "ends at %d, %d", s.a, s.b)}
			}
			return nil
		},
	}
}

func nothing(toy) []toyMove { return nil }

func once(s toy) []toyMove {
	if s.lost == 0 {
		return []toyMove{loseB}
	}
	return nil
}

func TestSearchVisitsEachStateOnce(t *testing.T) {
	for _, test := range []struct {
		name         string
		extra        func(toy) []toyMove
		states, ends int
	}{
		{"no fault", nothing, 16, 1},
		{"one loss", once, 32, 2},
	} {
		x := newToy(test.extra)
		x.Expect(t)
		if x.States() != test.states || x.Ends != test.ends {
			t.Errorf("%s: got %d states and %d ends, want %d and %d", test.name, x.States(), x.Ends, test.states, test.ends)
		}
	}
}

func TestSearchFinds(t *testing.T) {
	badState := func(s toy) []*Finding {
		if s.a == 2 && s.b == 2 {
			return []*Finding{nil, Findingf("sum", "%d and %d", s.a, s.b)}
		}
		return nil
	}
	for _, test := range []struct {
		name  string
		plant func(x *Search[toy, toy, toyMove])
		check string
		text  string
		steps int
		last  toyMove // of the trace
	}{
		{"a wrong state", func(x *Search[toy, toy, toyMove]) { x.Check = badState }, "sum", "2 and 2", 4, countB},
		{"a wrong move", func(x *Search[toy, toy, toyMove]) {
			take := x.Take
			x.Take = func(s *toy, m toyMove) *Finding {
				if s.b == 2 && m == countB {
					return Findingf("move", "third")
				}
				return take(s, m)
			}
		}, "move", "third", 3, countB},
		{"a livelock", func(x *Search[toy, toy, toyMove]) {
			moves := x.Moves
			x.Moves = func(s toy, all []toyMove) []toyMove {
				if s.a == 1 && s.b == 3 {
					all = append(all, backA)
				}
				return moves(s, all)
			}
		}, Progress, "a state recurs on the path", 6, countA},
		{"a dead end", func(x *Search[toy, toy, toyMove]) {
			moves := x.Moves
			x.Moves = func(s toy, all []toyMove) []toyMove {
				if s.a == 3 && s.b == 2 {
					return all
				}
				return moves(s, all)
			}
		}, "end", "ends at 3, 2", 5, countB},
		{"a dead end but for a fault", func(x *Search[toy, toy, toyMove]) {
			moves := x.Moves
			x.Moves = func(s toy, all []toyMove) []toyMove {
				switch {
				case s.a != 3 || s.b != 2:
					return moves(s, all)
				case s.lost == 0:
					return append(all, loseB)
				}
				return append(all, countB)
			}
		}, "end", "ends at 3, 2", 5, countB},
		{"a path without end", func(x *Search[toy, toy, toyMove]) {
			x.StepsMax = 50
			x.Moves = func(_ toy, all []toyMove) []toyMove { return append(all, countA) }
		}, Progress, "a path has more than 50 steps", 51, countA},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := newToy(nothing)
			test.plant(x)
			x.Expect(t, test.check)
			f := x.Found[test.check]
			if f == nil {
				t.FailNow()
			}
			if f.Text != test.text || f.Steps != test.steps {
				t.Errorf("got %q after %d steps, want %q after %d", f.Text, f.Steps, test.text, test.steps)
			}
			if lines := strings.Count(f.Trace, "\n"); lines != f.Steps || !strings.HasSuffix(f.Trace, "  "+string(test.last)+"\n") {
				t.Errorf("got %d lines, want %d, the last one %q:\n%s", lines, f.Steps, test.last, f.Trace)
			}
		})
	}
}

func TestSearchEndsWhereItIsFinished(t *testing.T) {
	x := newToy(nothing)
	x.End = nil
	x.Finished = func(s toy) bool { return s.a+s.b == 2 }
	x.Expect(t)
	if x.States() != 6 || x.Ends != 3 {
		t.Errorf("got %d states and %d ends, want 6 and 3", x.States(), x.Ends)
	}
}

func TestFirstStopsAtTheFirstFinding(t *testing.T) {
	x := newToy(nothing)
	x.First = true
	x.Check = func(s toy) []*Finding { return []*Finding{Findingf(fmt.Sprint(s.a, s.b), "here")} }
	if got := slices.Collect(maps.Keys(x.Run())); !slices.Equal(got, []string{"0 0"}) {
		t.Errorf("got findings %q, want one", got)
	}
	x = newToy(nothing)
	x.First = true
	x.Take = func(_ *toy, m toyMove) *Finding { return Findingf(string(m), "wrong") }
	if got := slices.Collect(maps.Keys(x.Run())); !slices.Equal(got, []string{string(countA)}) {
		t.Errorf("got findings %q, want one", got)
	}
}

func TestWalkMakesTheSameMovesForOneSeed(t *testing.T) {
	walk := func(seed uint64) (moves []toyMove, last toy) {
		err := newToy(once).Walk(rand.New(rand.NewPCG(seed, 0)), func(_ toy, m toyMove, after toy) error {
			moves, last = append(moves, m), after
			return nil
		})
		if err != nil {
			t.Fatalf("seed %d: got %v, want no error", seed, err)
		}
		return moves, last
	}
	different := map[string]bool{}
	for seed := range uint64(20) {
		moves, last := walk(seed)
		if again, _ := walk(seed); !slices.Equal(again, moves) {
			t.Errorf("seed %d: got %q, want %q", seed, again, moves)
		}
		if last.a != 3 || last.b != 3 {
			t.Errorf("seed %d: got the end %+v, want 3 and 3", seed, last)
		}
		different[fmt.Sprint(moves)] = true
	}
	if len(different) < 10 {
		t.Errorf("got %d different walks of 20, want at least 10", len(different))
	}
}

func TestWalkReturnsErrorsWithTheTrace(t *testing.T) {
	err := newToy(nothing).Walk(rand.New(rand.NewPCG(1, 0)), func(toy, toyMove, toy) error { return fmt.Errorf("no") })
	if err == nil || !strings.HasPrefix(err.Error(), "no\n  count ") {
		t.Errorf("got %v, want no and one move", err)
	}
}
