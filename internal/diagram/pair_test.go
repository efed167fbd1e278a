package diagram

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"chandy/snapshot"
)

// pairOf returns two snapshots of nearly the same run, the second one a little later. Of some
// seeds a process is missing in one of them, or is in one of them only, or the ids are long.
func pairOf(t testing.TB, seed uint64) (a, b *Document) {
	t.Helper()
	first := mixed(seed)
	first.at = 1 + int(seed*13%uint64(first.steps-2))
	second := first
	second.at = min(first.at+int(seed%5)*4, second.steps-1)
	switch seed % 7 {
	case 0:
		second.processes++
	case 1:
		return read(t, first.document(t)), read(t, without(t, second.document(t), "p01"))
	case 2:
		return read(t, without(t, first.document(t), "p02")), read(t, second.document(t))
	case 3:
		long := func(s sample) []byte {
			return bytes.ReplaceAll(s.document(t), []byte(`"p0`), []byte(`"a-process-with-a-long-name-p0`))
		}
		return read(t, long(first)), read(t, long(second))
	}
	return read(t, first.document(t)), read(t, second.document(t))
}

// without returns a partial document in which the part of a process is missing.
func without(t testing.TB, text []byte, id string) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc["processes"].(map[string]any), id)
	if journal, ok := doc["journal"].(map[string]any); ok {
		delete(journal, id)
	}
	doc["status"], doc["missing"] = "partial", []any{object{"process": id, "reason": "unreachable", "detail": ""}}
	for _, one := range doc["channels"].([]any) {
		c := one.(map[string]any)
		seen := c["incarnations"].([]any)
		if c["from"] == id {
			c["sent"], c["messages"], seen[1] = nil, nil, nil
		}
		if c["to"] == id {
			c["received"], c["messages"], seen[0] = nil, nil, nil
			delete(c, "marker_ms")
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAPairShowsEachDifferenceOnce(t *testing.T) {
	for seed := range *seeds {
		a, b := pairOf(t, seed)
		p := NewPair(a, b, [2]Options{})
		picture := p.Layout()
		for _, fault := range append(messageFaults(p, picture, a, b), append(stateFaults(p, picture, a, b), boundsFaults(picture)...)...) {
			t.Errorf("seed %d: got %s", seed, fault)
		}
		if seed%10 == 0 && drawn(t, picture) != drawn(t, NewPair(a, b, [2]Options{}).Layout()) {
			t.Errorf("seed %d: got two different files", seed)
		}
		if t.Failed() {
			return
		}
	}
}

// flightsOf returns the numbers in flight by channel, of the channels that both snapshots know.
func flightsOf(d, other *Document) map[string]bool {
	known := map[snapshot.Channel]bool{}
	for _, c := range other.Channels {
		known[c.Channel] = c.Known
	}
	all := map[string]bool{}
	for _, c := range d.Channels {
		if is, in := known[c.Channel]; c.Known && (is || !in) {
			for seq := c.Received + 1; seq <= c.Sent; seq++ {
				all[fmt.Sprintf("%s %d", c.Channel, seq)] = true
			}
		}
	}
	return all
}

// messageFaults returns what is wrong with the messages in flight.
func messageFaults(p *Pair, picture *Picture, a, b *Document) (faults []string) {
	fault := func(format string, a ...any) { faults = append(faults, fmt.Sprintf(format, a...)) }
	flights := [2]map[string]bool{flightsOf(a, b), flightsOf(b, a)}
	labels := map[int]string{}
	silent := 0
	for _, text := range picture.Texts {
		if text.Message >= 0 {
			labels[text.Message] = text.Text
		}
		if strings.HasSuffix(text.Text, "without a label") {
			silent++
		}
	}
	var drawn [2]map[string]bool
	for half, s := range p.Stories {
		drawn[half] = map[string]bool{}
		for _, arrow := range picture.Arrows {
			i := arrow.Message - half*len(p.Stories[0].Messages)
			if half == 0 && i >= len(s.Messages) || half == 1 && i < 0 {
				continue
			}
			m := s.Messages[i]
			if cut := picture.Cuts[half][0].X; arrow.From.X >= cut || arrow.To.X <= cut {
				fault("arrow %s from %v to %v, want it to cross the line at %v", arrow.Title, arrow.From, arrow.To, cut)
			}
			if text, ok := labels[arrow.Message]; !ok && silent == 0 || ok && !strings.HasPrefix(text, arrow.Sign.String()+" ") {
				fault("label %q of arrow %s, want it to begin with %q", text, arrow.Title, arrow.Sign)
			}
			for seq := m.First; seq < m.First+m.Count; seq++ {
				key := fmt.Sprintf("%s %d", m.Channel, seq)
				want := only[half]
				if flights[1-half][key] {
					want = Same
				}
				if !flights[half][key] {
					want = Unsure
				}
				if m.Sign != want || arrow.Sign != want {
					fault("message %s with the sign %q and an arrow with %q, want %q", key, m.Sign, arrow.Sign, want)
				}
				drawn[half][key] = true
			}
		}
		for key := range flights[half] {
			if !drawn[half][key] && p.Busy == 0 {
				fault("no arrow for message %s in %s", key, letters[half])
			}
		}
	}
	return append(faults, countFaults(p, flights)...)
}

// countFaults returns what is wrong with the numbers of messages in the sentence.
func countFaults(p *Pair, flights [2]map[string]bool) (faults []string) {
	same := 0
	for key := range flights[0] {
		if flights[1][key] {
			same++
		}
	}
	for _, one := range []struct {
		n    int
		what string
	}{{len(flights[0]) - same, " no longer in flight"}, {len(flights[1]) - same, " newly in flight"}, {same, " in flight in both"}} {
		want := count(uint64(one.n), "message", "messages") + one.what
		if strings.Contains(p.sentence(), want) != (one.n > 0) {
			faults = append(faults, fmt.Sprintf("the sentence %q, want in it only if there are any: %q", p.sentence(), want))
		}
	}
	return faults
}

// stateFaults returns what is wrong with the states at the lines.
func stateFaults(p *Pair, picture *Picture, a, b *Document) (faults []string) {
	fault := func(format string, a ...any) { faults = append(faults, fmt.Sprintf(format, a...)) }
	ids := map[snapshot.ProcessID]bool{}
	changed := 0
	for _, d := range []*Document{a, b} {
		for _, one := range d.Processes {
			ids[one.ID] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		lane := slices.IndexFunc(p.Stories[0].Lanes, func(l Lane) bool { return l.ID == id })
		old, missingA, absentA := stateOfProcess(a, id)
		new, missingB, absentB := stateOfProcess(b, id)
		want := Same
		switch {
		case missingA || missingB:
			want = Unsure
		case absentA || absentB:
			want = Changed
		case old != new:
			want = Changed
			changed++
		}
		if lane < 0 {
			if p.Busy == 0 && want != Same {
				fault("no lane for %s, want one because its state has the sign %q", id, want)
			}
			continue
		}
		y, found := picture.Lines[lane].Y, [2]Sign{}
		for _, text := range picture.Texts {
			if text.Style != StateText || text.Y < y-25 || text.Y > y+25 {
				continue
			}
			half := 0
			if text.X > picture.Cuts[0][0].X {
				half = 1
			}
			found[half] = max(found[half], text.Sign)
			if !strings.HasPrefix(text.Text, text.Sign.String()+" ") {
				fault("text %q at %s, want it to begin with %q", text.Text, id, text.Sign)
			}
		}
		if found != [2]Sign{want, want} {
			fault("signs %q at %s, want %q in both halves", found, id, want)
		}
	}
	lanes := len(p.Stories[0].Lanes)
	for _, text := range picture.Texts {
		if b := text.Box(); text.Style == CellText && (b.Left < picture.Lines[0].Right || b.Right > picture.Lines[lanes].Left) {
			fault("%q at %v, want it between the halves, from %v to %v", text.Text, b, picture.Lines[0].Right, picture.Lines[lanes].Left)
		}
	}
	if text := p.sentence(); changed > 0 != strings.HasPrefix(text, fmt.Sprintf("%d of ", changed)) {
		fault("the sentence %q, want it to begin with the %d states that changed", text, changed)
	}
	return faults
}

// stateOfProcess returns the state of a process in a snapshot, or why there is none.
func stateOfProcess(d *Document, id snapshot.ProcessID) (text string, missing, absent bool) {
	if s := d.Process(id); s != nil {
		return string(s.State.Bytes), false, false
	}
	missing = slices.ContainsFunc(d.Missing, func(m snapshot.Missing) bool { return m.Process == id })
	return "", missing, !missing
}
