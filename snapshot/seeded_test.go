package snapshot

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keptSeed is that of what stands in testdata/tokens.
const keptSeed = 1

// TestSeeded runs each testdata/tokens/NAME.events, where chance chooses the
// schedule: it says what processes do and when, and every message and marker is
// delayed at random. What the formats are, seeded_reader_test.go tells; how the
// delivery goes, seeded_run_test.go.
//
// The graph is the longest NAME.top that begins the name: pair-crossing.events runs
// on pair.top. NAME.snap holds the snapshots, in the order in which they began:
//
//	id
//	process tokens      for every process
//	src dst token(n)    for every recorded message, by channel, in the order sent
//
// With -rewrite they are written anew.
func TestSeeded(t *testing.T) {
	for _, name := range seededNames(t) {
		t.Run(name, func(t *testing.T) {
			printed, err := readSeeded(t, name).run(keptSeed, noFault)
			if err != nil {
				t.Fatalf("seed %d: %v", keptSeed, err)
			}
			file := "testdata/tokens/" + name + ".snap"
			if *rewrite {
				if err := os.WriteFile(file, []byte(printed), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if printed != string(want) {
				t.Errorf("seed %d printed\n%s\nexpected\n%s\n(-rewrite puts it into the file)", keptSeed, printed, want)
			}
		})
	}
}

// TestSeededSeeds runs them with many seeds, each twice: every snapshot ends, proves
// itself and has all the tokens (run checks that), and the seed decides all.
func TestSeededSeeds(t *testing.T) {
	const seeds = 200
	for _, name := range seededNames(t) {
		s := readSeeded(t, name)
		outcomes := map[string]bool{}
		for seed := range int64(seeds) {
			first, err := s.run(seed, noFault)
			if err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
			if again, _ := s.run(seed, noFault); again != first {
				t.Fatalf("%s, seed %d: the second run printed\n%s\nwant as the first\n%s", name, seed, again, first)
			}
			outcomes[first] = true
		}
		t.Logf("%s: %d outcomes of %d seeds", name, len(outcomes), seeds)
		if still := strings.HasSuffix(name, "-still"); still != (len(outcomes) == 1) {
			t.Errorf("%s: %d outcomes, want one %v: delays make a difference only if a message is in flight", name, len(outcomes), still)
		}
	}
}

// TestSeededSeesFaults plants faults: the certificate knows nothing of tokens, and
// the sum of the tokens nothing of numbers, so that each has to see its own.
func TestSeededSeesFaults(t *testing.T) {
	for _, test := range []struct {
		name, want string
		fault      fault
	}{
		{"a token too many in a state", "tokens in snapshot 0, want 5", fault{onEffect: onRecorded(func(r *Recorded) {
			if r.Process == "p2" {
				r.State.Bytes = []byte("100")
			}
		})}},
		{"a count too many", "certificate not proven", fault{onEffect: onRecorded(func(r *Recorded) { addToCounts(r.Sent, 1) })}},
		{"a marker dropped", "snapshot 0 does not end", fault{onEffect: func(_ *host, e Effect) []Effect {
			if _, ok := e.(SendMarker); ok {
				return nil
			}
			return []Effect{e}
		}}},
	} {
		printed, err := readSeeded(t, "pair-crossing").run(1, &test.fault)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q\n%s", test.name, err, test.want, printed)
		}
	}
}

func seededNames(t *testing.T) (names []string) {
	files, err := filepath.Glob("testdata/tokens/*.events")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".events"))
	}
	return names
}

// seeded is a seeded scenario.
type seeded struct {
	graph  tokenGraph
	events []tokenEvent
}

func readSeeded(t *testing.T, name string) seeded {
	t.Helper()
	tops, _ := filepath.Glob("testdata/tokens/*.top")
	var top string
	for _, file := range tops {
		if strings.HasPrefix(name, strings.TrimSuffix(filepath.Base(file), ".top")) && len(file) > len(top) {
			top = file
		}
	}
	if top == "" {
		t.Fatalf("no topology for %s", name)
	}
	text, err := os.ReadFile(top)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := readTop(string(text))
	if err != nil {
		t.Fatalf("%s: %v", top, err)
	}
	file := "testdata/tokens/" + name + ".events"
	if text, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	events, err := readEvents(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return seeded{graph, events}
}

// run runs the scenario with the delays of a seed and prints its snapshots.
func (s seeded) run(seed int64, f *fault) (printed string, err error) {
	r := newSeededRun(s.graph, rand.New(rand.NewSource(seed)), f)
	for _, e := range s.events {
		if err := r.event(e); err != nil {
			return "", fmt.Errorf("line %d: %w", e.line, err)
		}
	}
	if err := r.finish(); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, id := range r.ids {
		g := r.global(id)
		if err := checkTokens(g, s.graph.total()); err != nil {
			return b.String(), err
		}
		b.WriteString(renderTokens(g))
	}
	return b.String(), nil
}
