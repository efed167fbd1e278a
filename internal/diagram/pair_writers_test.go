package diagram

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chandy/internal/printable"
	"chandy/snapshot"
)

// twoStates returns two snapshots of the processes p1 and p2, whose states and epochs are given,
// with three messages in flight in each. Two of them are in flight in both.
func twoStates(t *testing.T, states, epochs [2]string) (a, b *Document) {
	t.Helper()
	var both [2]*Document
	for i := range both {
		var messages []string
		for seq := 3 + i; seq < 6+i; seq++ {
			messages = append(messages, fmt.Sprintf(`{"seq":%d,"payload":{"n":%[1]d}}`, seq))
		}
		both[i] = read(t, fmt.Appendf(nil, `{"format":"chandy/snapshot.v1","id":"s%d","cluster":"c","epoch":%s,"status":"complete","initiators":["p1"],
			"started_at":"2026-11-22T07:35:25Z","elapsed_ms":1,"processes":{
			"p1":{"state":%s,"incarnation":"i1","recorded_after_ms":0,"completed_after_ms":1},
			"p2":{"state":{"x":1},"incarnation":"i2","recorded_after_ms":0,"completed_after_ms":1}},
			"channels":[{"from":"p1","to":"p2","incarnations":["i1","i2"],"sent":%d,"received":%d,"messages":[%s]}],"missing":[]}`,
			i, epochs[i], states[i], 5+i, 2+i, strings.Join(messages, ",")))
	}
	return both[0], both[1]
}

func TestAPairShowsTheMembersThatChanged(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{`{"x":1,"y":2}`, `{"x":1,"y":3}`, "≠ y 2|≠ y 3; = x 1|= x 1"},
		{`{"x":1}`, `{"x":1,"y":3}`, "≠ y (none)|≠ y 3; = x 1|= x 1"},
		{`{"x":{"y/z":[1,2]}}`, `{"x":{"y/z":[1,"two"]}}`, "≠ x/y/z/1 2|≠ x/y/z/1 two"},
		{`{"accounts":{"of":{"somebody":12345}}}`, `{"accounts":{"of":{"somebody":1}}}`, "≠ …ounts/of/somebody 12345|≠ accounts/of/somebody 1"},
		{`{"a":1,"b":1,"c":1,"d":1}`, `{"a":2,"b":2,"c":2,"d":2}`, "≠ a 1|≠ a 2; ≠ b 1|≠ b 2; ≠ and 2 more|≠ and 2 more"},
		{`{"a":1,"b":1,"c":1,"d":1}`, `{"a":1,"b":1,"c":1,"d":1}`, "= a 1|= a 1; = b 1|= b 1; = c 1|= c 1"},
		{`7`, `8`, "≠ 7|≠ 8"},
		{`"text"`, `{"x":1}`, "≠ text|≠ x 1"},
		{`null,"state_error":"why"`, `{"x":1}`, "? (no state)|? x 1; ? why|"},
	} {
		a, b := twoStates(t, [2]string{c.a, c.b}, [2]string{"1", "1"})
		var rows []string
		for _, r := range NewPair(a, b, [2]Options{}).Rows[0] {
			var texts []string
			for _, text := range r.Texts {
				if text != "" {
					text = r.Sign.mark(text)
				}
				texts = append(texts, text)
			}
			rows = append(rows, strings.Join(texts, "|"))
		}
		if got := strings.Join(rows, "; "); got != c.want {
			t.Errorf("%s and %s: got %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

func TestAPairSaysWhatChangedInASentence(t *testing.T) {
	for _, c := range []struct {
		states, epochs [2]string
		turned         bool
		sentence, note string
	}{
		{[2]string{`1`, `2`}, [2]string{"1", "1"}, false,
			"1 of 2 states changed · 1 message no longer in flight · 1 message newly in flight · 2 messages in flight in both", "between the cuts: 1 message sent, 1 received"},
		{[2]string{`1`, `1`}, [2]string{"1", "1"}, true,
			"no state changed · 1 message no longer in flight · 1 message newly in flight · 2 messages in flight in both", "B is the older snapshot: it has lower counts than A"},
		{[2]string{`1`, `1`}, [2]string{"1", "2"}, false,
			"no state changed · 3 messages no longer in flight · 3 messages newly in flight", "epoch 1 and epoch 2: all channels began to count anew"},
		{[2]string{`1`, `null,"state_error":"e"`}, [2]string{"1", "1"}, false,
			"no state changed · 1 message no longer in flight · 1 message newly in flight · 2 messages in flight in both · 1 state cannot be compared", "between the cuts: 1 message sent, 1 received"},
	} {
		a, b := twoStates(t, c.states, c.epochs)
		if c.turned {
			a, b = b, a
		}
		p := NewPair(a, b, [2]Options{})
		if got, notes := p.sentence(), p.notes(); got != c.sentence || len(notes) != 1 || notes[0] != c.note {
			t.Errorf("got %q with the notes %q, want %q with %q", got, notes, c.sentence, c.note)
		}
	}
}

func TestATerminalShowsEachDifferenceOfAPair(t *testing.T) {
	for seed := range *seeds / 5 {
		a, b := pairOf(t, seed)
		o := Options{LanesMax: terminalLanes}
		p := NewPair(a, b, [2]Options{o, o})
		text := written(t, func(w *strings.Builder) error { return PairTerminal(w, p) })
		lines := strings.Split(text, "\n")
		for half, s := range p.Stories {
			for _, m := range s.Messages {
				want := regexp.MustCompile("^" + regexp.QuoteMeta(m.Sign.String()) + " in (both|" + letters[half] + " only|" + letters[half] + ") +" + regexp.QuoteMeta(arrow(m.Channel)+"  "))
				if !slices.ContainsFunc(lines, want.MatchString) {
					t.Fatalf("seed %d: got no line that matches %s in\n%s", seed, want, text)
				}
			}
		}
		for i, lane := range p.Stories[0].Lanes {
			r := p.Rows[i][0]
			want := regexp.MustCompile("^" + regexp.QuoteMeta(shortID(lane.ID)) + " +" + regexp.QuoteMeta(r.Sign.mark(r.Texts[0])) + " +" + regexp.QuoteMeta(r.Sign.mark(r.Texts[1])) + "$")
			if !slices.ContainsFunc(lines, want.MatchString) {
				t.Fatalf("seed %d: got no line that matches %s in\n%s", seed, want, text)
			}
		}
	}
}

func TestALabelOfAPairIsWholeIfThereIsRoom(t *testing.T) {
	a, b := twoStates(t, [2]string{`1`, `1`}, [2]string{"1", "1"})
	var got []string
	for _, text := range NewPair(a, b, [2]Options{}).Layout().Texts {
		if text.Style == FlightLabel {
			got = append(got, text.Text)
		}
	}
	want := []string{"= p1→p2  n 5", "= p1→p2  n 4", "− p1→p2  n 3", "+ p1→p2  n 6", "= p1→p2  n 5", "= p1→p2  n 4"}
	if !slices.Equal(got, want) {
		t.Errorf("got the labels %q, want %q", got, want)
	}
	for _, c := range []struct{ state, want string }{
		{`1`, "p1→p2222…222222  n "},
		{`"` + strings.Repeat("w", stateMax) + `"`, "n "}, // too little room for a label with a channel
	} {
		a, b = twoStates(t, [2]string{c.state, c.state}, [2]string{"1", "1"})
		for _, d := range []*Document{a, b} {
			for i := range d.Channels {
				d.Channels[i].Channel.To = "p" + snapshot.ProcessID(strings.Repeat("2", 60))
			}
			d.Processes[1].ID = d.Channels[0].Channel.To
		}
		for _, text := range NewPair(a, b, [2]Options{}).Layout().Texts {
			if text.Style == FlightLabel && !strings.HasPrefix(text.Text, text.Sign.mark(c.want)) {
				t.Errorf("got the label %q with the state %s, want one that begins with %q", text.Text, c.state, c.want)
			}
		}
	}
}

// What a program wrote is a text in each form of a pair, and never markup or a control.
func TestTextsOfAProgramAreTextsInAPair(t *testing.T) {
	for _, hard := range hostile {
		first := hostileSample(hard)
		second := first
		quoted := strings.TrimSuffix(strings.TrimPrefix(first.state, `{"name": `), "}")
		second.at, second.state = 40, "{"+quoted+": 1}"
		o := Options{Waits: []string{"p01 waits: " + hard}}
		p := NewPair(read(t, first.document(t)), read(t, second.document(t)), [2]Options{o, o})
		picture := p.Layout()
		got, _ := texts(t, drawn(t, picture))
		for i := range got {
			if want := printable.Text(picture.Texts[i].Text); got[i] != want {
				t.Errorf("%q: got the text %q, want %q", hard, got[i], want)
			}
		}
		page := written(t, func(w *strings.Builder) error { return PairHTML(w, p) })
		if n := strings.Count(page, "<script"); n != 2 {
			t.Errorf("%q: got %d scripts, want 2", hard, n)
		}
		for line := range strings.Lines(written(t, func(w *strings.Builder) error { return PairTerminal(w, p) })) {
			if line = strings.TrimSuffix(line, "\n"); line != printable.Text(line) {
				t.Errorf("%q: got the line %q, want it printable", hard, line)
			}
		}
	}
}
