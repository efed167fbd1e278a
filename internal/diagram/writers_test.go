package diagram

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chandy/internal/printable"
	"chandy/snapshot"
)

// written returns what a writer writes of a story.
func written(t *testing.T, write func(*strings.Builder) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestATerminalHasEachMessageInFlightAndNothingUnprintable(t *testing.T) {
	for seed := range *seeds / 5 {
		d := read(t, mixed(seed).document(t))
		s := NewStory(d, Options{LanesMax: terminalLanes})
		text := written(t, func(b *strings.Builder) error { return Terminal(b, s) })
		lines := strings.Split(text, "\n")
		for _, m := range s.Messages {
			want := arrow(m.Channel) + "  " + s.label(m)
			if m.Class == InFlight && !slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(line, want) }) {
				t.Fatalf("seed %d: got no line with %q in\n%s", seed, want, text)
			}
		}
		if len(s.Lanes) > terminalLanes {
			t.Fatalf("seed %d: got %d processes, want at most %d", seed, len(s.Lanes), terminalLanes)
		}
	}
	for _, hard := range hostile {
		s := NewStory(read(t, hostileSample(hard).document(t)), Options{LanesMax: terminalLanes})
		text := written(t, func(b *strings.Builder) error { return Terminal(b, s) })
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(line, "\n"); line != printable.Text(line) {
				t.Errorf("%q: got the line %q, want it printable", hard, line)
			}
		}
	}
}

// In ShiViz's log an event has a clock that is after the clocks of all its causes, and a
// process counts its own events one by one.
func TestShiVizGetsClocksThatFollowTheMessages(t *testing.T) {
	for seed := range *seeds / 5 {
		s := NewStory(read(t, mixed(seed).document(t)), Options{})
		log := written(t, func(b *strings.Builder) error { return ShiViz(b, s) })
		expression := regexp.MustCompile(strings.ReplaceAll(ShiVizExpression, "(?<", "(?P<"))
		words := regexp.MustCompile(`^(sends|receives) (\d+) (?:to|from) ([^ :]+)`)
		own, sends := map[string]uint64{}, map[string]map[string]uint64{}
		all := expression.FindAllStringSubmatch(log, -1)
		if len(all) != strings.Count(log, "\n")/2 {
			t.Fatalf("seed %d: got %d events of %d lines, want half as many", seed, len(all), strings.Count(log, "\n"))
		}
		for _, one := range all {
			host, event := one[1], one[3]
			var clock map[string]uint64
			if err := json.Unmarshal([]byte(one[2]), &clock); err != nil {
				t.Fatal(err)
			}
			if own[host]++; clock[host] != own[host] {
				t.Fatalf("seed %d: got %d as the own clock of %s, want %d", seed, clock[host], host, own[host])
			}
			w := words.FindStringSubmatch(event)
			switch {
			case w == nil: // the recording
			case w[1] == "sends":
				sends[host+">"+w[3]+" "+w[2]] = clock
			default:
				for process, n := range sends[w[3]+">"+host+" "+w[2]] {
					if clock[process] < n {
						t.Fatalf("seed %d: got %d of %s in the clock of %q, want at least %d", seed, clock[process], process, event, n)
					}
				}
			}
		}
	}
}

func TestPerfettoGetsAnArrowForEachMessageInTheJournals(t *testing.T) {
	s := NewStory(read(t, sample{processes: 3, steps: 200, seed: 5, journal: true}.document(t)), Options{})
	var trace struct {
		TraceEvents []struct {
			Phase string `json:"ph"`
			TS    float64
			ID    int
		}
	}
	if err := json.Unmarshal([]byte(written(t, func(b *strings.Builder) error { return Perfetto(b, s) })), &trace); err != nil {
		t.Fatal(err)
	}
	begins, ends := map[int]float64{}, 0
	for _, e := range trace.TraceEvents {
		if e.TS < 0 {
			t.Errorf("got the time %v, want none before 0", e.TS)
		}
		if e.Phase == "s" {
			begins[e.ID] = e.TS
		}
	}
	for _, e := range trace.TraceEvents {
		if e.Phase == "f" {
			ends++
			if begin, ok := begins[e.ID]; !ok || begin > e.TS {
				t.Errorf("got arrow %d from %v to %v, want it to run forwards", e.ID, begin, e.TS)
			}
		}
	}
	want := 0
	for i := range s.Messages {
		if s.timed(i) {
			want++
		}
	}
	if ends != want || len(begins) != want || want == 0 {
		t.Errorf("got %d begins and %d ends of arrows, want %d", len(begins), ends, want)
	}
}

func TestDotSaysWhatIsInFlightOnEachChannel(t *testing.T) {
	d := read(t, sample{processes: 3, steps: 200, seed: 5, deliver: 20}.document(t))
	text := written(t, func(b *strings.Builder) error { return DotSnapshot(b, d) })
	for _, c := range d.Channels {
		want := fmt.Sprintf("  %q -> %q\n", c.Channel.From, c.Channel.To)
		if n := c.Sent - c.Received; n > 0 {
			want = fmt.Sprintf("  %q -> %q [label=\"%d\"", c.Channel.From, c.Channel.To, n)
		}
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}
}

func TestFromTwelveProcessesOnQuietOnesHaveNoLane(t *testing.T) {
	d := read(t, sample{processes: 30, steps: 300, seed: 9, journal: true, deliver: 58}.document(t))
	busy := map[snapshot.ProcessID]bool{"p30": true}
	for _, c := range d.Channels {
		if c.Sent > c.Received {
			busy[c.Channel.From], busy[c.Channel.To] = true, true
		}
	}
	s := NewStory(d, Options{Asked: []snapshot.ProcessID{"p30"}})
	if len(s.Lanes) != len(busy) || s.Quiet != 30-len(busy) || s.Quiet == 0 {
		t.Errorf("got %d lanes and %d quiet processes, want %d lanes", len(s.Lanes), s.Quiet, len(busy))
	}
	want := fmt.Sprintf("+%d quiet", s.Quiet)
	if p := s.Layout(); !slices.ContainsFunc(p.Texts, func(t Text) bool { return strings.Contains(t.Text, want) }) {
		t.Errorf("got no text with %q", want)
	}
}

func TestATerminalIsNoWiderThanItIsAndCutsNoNumber(t *testing.T) {
	cut := regexp.MustCompile(`\d…`)
	for seed := range *seeds / 5 {
		text := mixed(seed).document(t)
		if seed%2 == 1 {
			text = longIDs(text)
		}
		for _, columns := range []int{40, 60, 80, 120} {
			s := NewStory(read(t, text), Options{LanesMax: TerminalLanes(columns), Columns: columns})
			drawing := written(t, func(b *strings.Builder) error { return Terminal(b, s) })
			for line := range strings.Lines(drawing) {
				if n := cells(strings.TrimSuffix(line, "\n")); n > columns {
					t.Errorf("seed %d: got a line of %d columns, want at most %d: %s", seed, n, columns, line)
				}
				if cut.MatchString(line) {
					t.Errorf("seed %d: got %q, want no number that is cut", seed, line)
				}
			}
			if columns >= 80 && len(s.Lanes) < min(terminalLanes, len(s.Global.Processes)) && s.Quiet == 0 {
				t.Errorf("seed %d: got %d lanes in %d columns, want %d", seed, len(s.Lanes), columns, terminalLanes)
			}
		}
		if t.Failed() {
			return
		}
	}
}

func TestNoNoteBeginsWithASpace(t *testing.T) {
	d := read(t, sample{processes: 30, steps: 900, seed: 4, deliver: 20}.document(t))
	p := NewStory(d, Options{LanesMax: 8}).Layout()
	says := false
	for _, text := range p.Texts {
		if strings.HasPrefix(text.Text, " ") {
			t.Errorf("got the text %q, want it without a space before", text.Text)
		}
		says = says || text.Text == "+22 without a lane: only 8 lanes are drawn"
	}
	if !says {
		t.Errorf("got no text about the 22 processes without a lane")
	}
}
