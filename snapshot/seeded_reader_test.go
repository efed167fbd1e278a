package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Two formats, line by line; what follows a # is a comment, an empty line is none.
//
// A topology (.top) is the number N of processes, then N lines "id tokens" with what
// each has at first, then a line "src dst" for each channel:
//
//	2
//	p1 5
//	p2 0
//	p1 p2
//	p2 p1
//
// Events (.events) happen one after the other:
//
//	send a b n    a sends b n of its tokens, in one message
//	snapshot a    a snapshot begins at a; the first is 0, then 1, 2 …
//	tick n        n steps of time pass, during which messages and markers are
//	              delivered; without n, one

// tokenGraph is a topology and the tokens that its processes have at first.
type tokenGraph struct {
	topology *Topology
	tokens   map[ProcessID]int
}

func (g tokenGraph) total() (sum int) {
	for _, n := range g.tokens {
		sum += n
	}
	return sum
}

// tokenEvent is one line of events.
type tokenEvent struct {
	line     int
	verb     string // send, snapshot or tick
	from, to ProcessID
	n        int // tokens or ticks
}

// tokenLine is a line with something on it.
type tokenLine struct {
	number int
	words  []string
}

func (l tokenLine) fault(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", l.number, fmt.Sprintf(format, args...))
}

func tokenLines(text string) (lines []tokenLine) {
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) > 0 {
			lines = append(lines, tokenLine{i + 1, words})
		}
	}
	return lines
}

func readTop(text string) (tokenGraph, error) {
	g := tokenGraph{tokens: map[ProcessID]int{}}
	lines := tokenLines(text)
	if len(lines) == 0 {
		return g, errors.New("empty")
	}
	n, err := natural(lines[0].words[0], 1)
	if err != nil || len(lines[0].words) > 1 {
		return g, lines[0].fault("not the number of processes")
	}
	if len(lines) < 1+n {
		return g, fmt.Errorf("%d lines for %d processes", len(lines)-1, n)
	}
	var all []ProcessID
	for _, line := range lines[1 : 1+n] {
		if len(line.words) != 2 {
			return g, line.fault("not a process and its tokens")
		}
		id := ProcessID(line.words[0])
		if slices.Contains(all, id) {
			return g, line.fault("a second %s", id)
		}
		if g.tokens[id], err = natural(line.words[1], 0); err != nil {
			return g, line.fault("%v", err)
		}
		all = append(all, id)
	}
	channels, err := readChannels(lines[1+n:], all)
	if err != nil {
		return g, err
	}
	g.topology = NewTopology(all, channels)
	return g, nil
}

func readChannels(lines []tokenLine, all []ProcessID) (channels []Channel, err error) {
	for _, line := range lines {
		if len(line.words) != 2 {
			return nil, line.fault("not the two ends of a channel")
		}
		ch := Channel{ProcessID(line.words[0]), ProcessID(line.words[1])}
		for _, id := range []ProcessID{ch.From, ch.To} {
			if !slices.Contains(all, id) {
				return nil, line.fault("no process %s", id)
			}
		}
		if slices.Contains(channels, ch) {
			return nil, line.fault("a second %s", ch)
		}
		channels = append(channels, ch)
	}
	return channels, nil
}

func readEvents(text string) (events []tokenEvent, err error) {
	for _, line := range tokenLines(text) {
		words, e := line.words, tokenEvent{line: line.number, verb: line.words[0], n: 1}
		switch {
		case e.verb == "send" && len(words) == 4:
			e.from, e.to = ProcessID(words[1]), ProcessID(words[2])
			e.n, err = natural(words[3], 1)
		case e.verb == "snapshot" && len(words) == 2:
			e.from = ProcessID(words[1])
		case e.verb == "tick" && len(words) == 2:
			e.n, err = natural(words[1], 1)
		case e.verb == "tick" && len(words) == 1:
		default:
			err = errors.New("not an event")
		}
		if err != nil {
			return nil, line.fault("%v", err)
		}
		events = append(events, e)
	}
	return events, nil
}

// natural reads a number of at least min and, against slips, at most a million.
func natural(word string, min int) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < min || n > 1e6 {
		return 0, fmt.Errorf("%q is not a number from %d to a million", word, min)
	}
	return n, nil
}

func TestSeededReader(t *testing.T) {
	g, err := readTop("# two\n2 # of them\n\np2 0\np1  5\np1 p2#c\n")
	wantTop := "[p1 p2] [p1->p2] map[p1:5 p2:0]"
	if err != nil {
		t.Errorf("got error %v, want %s", err, wantTop)
	} else if got := fmt.Sprint(g.topology.Processes, g.topology.Channels, g.tokens); got != wantTop {
		t.Errorf("got %s, want %s", got, wantTop)
	}
	events, err := readEvents("send p1 p2 3\n# wait\ntick\ntick 4 # more\nsnapshot p2\n")
	want := "[{1 send p1 p2 3} {3 tick   1} {4 tick   4} {5 snapshot p2  1}]"
	if err != nil || fmt.Sprint(events) != want {
		t.Errorf("got %v, error %v, want %s", events, err, want)
	}
}

func TestSeededReaderFaults(t *testing.T) {
	top := func(text string) error { _, err := readTop(text); return err }
	events := func(text string) error { _, err := readEvents(text); return err }
	const pair = "2\np1 5\np2 0\np1 p2\n"
	run := func(text string) error {
		g, _ := readTop(pair)
		all, _ := readEvents(text)
		_, err := seeded{g, all}.run(1, noFault)
		return err
	}
	for _, test := range []struct {
		read       func(string) error
		text, want string
	}{
		{top, "# nothing\n", "empty"},
		{top, "p1 5\n", "line 1: not the number of processes"},
		{top, "0\n", "line 1: not the number of processes"},
		{top, "2\np1 5\n", "1 lines for 2 processes"},
		{top, "1\np1\n", "line 2: not a process and its tokens"},
		{top, "1\np1 -1\n", `line 2: "-1" is not a number from 0 to a million`},
		{top, "2\np1 1\np1 2\n", "line 3: a second p1"},
		{top, pair + "p1\n", "line 5: not the two ends of a channel"},
		{top, pair + "p1 p3\n", "line 5: no process p3"},
		{top, pair + "\np1 p2\n", "line 6: a second p1->p2"},
		{events, "send p1 p2\n", "line 1: not an event"},
		{events, "tick\nsend p1 p2 0\n", `line 2: "0" is not a number from 1 to a million`},
		{events, "tick soon\n", `line 1: "soon" is not a number from 1 to a million`},
		{events, "snapshot\n", "line 1: not an event"},
		{events, "stop p1\n", "line 1: not an event"},
		{run, "tick\nsend p1 p2 6\n", "line 2: p1 has 5 tokens"},
		{run, "send p2 p1 1\n", "line 1: no channel p2->p1"},
		{run, "snapshot p3\n", "line 1: no process p3"},
		{run, "snapshot p2\n", "line 1: no marker from p2 reaches p1"},
	} {
		if err := test.read(test.text); err == nil || err.Error() != test.want {
			t.Errorf("%q: got error %v, want %s", test.text, err, test.want)
		}
	}
}
