package diagram

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"

	"chandy/snapshot"
)

var seeds = flag.Uint64("seeds", 100, "number of seeds")

// mixed returns samples of many kinds: of few and many processes, with and without journals,
// with holes in them, with the cut at the beginning, in the middle and at the end.
func mixed(seed uint64) sample {
	s := sample{processes: 2 + int(seed%9)*int(1+seed%3), steps: 20 + int(seed*37%300), seed: seed, journal: seed%4 != 0, deliver: 20 + int(seed*7%50)}
	s.at = []int{0, 1, s.steps - 1}[seed%3]
	s.thin = []int{0, 30, 90}[seed/2%3]
	return s
}

func TestAStraightCutIsRightForEachConsistentSnapshot(t *testing.T) {
	for seed := range *seeds {
		text := mixed(seed).document(t)
		if seed%3 == 2 {
			text = longIDs(text)
		}
		s := NewStory(read(t, text), Options{})
		for _, fault := range pictureFaults(s, s.Layout()) {
			t.Errorf("seed %d: got %s", seed, fault)
		}
		for _, fault := range realFaults(s) {
			t.Errorf("seed %d, as it happened: got %s", seed, fault)
		}
		if n := s.wrong(); n > 0 {
			t.Errorf("seed %d: got %d red arrows, want none in a consistent snapshot", seed, n)
		}
		if t.Failed() {
			return
		}
	}
}

// pictureFaults returns what is wrong in the picture of a consistent snapshot.
func pictureFaults(s *Story, p *Picture) (faults []string) {
	fault := func(format string, a ...any) { faults = append(faults, fmt.Sprintf(format, a...)) }
	flight := map[snapshot.Channel]uint64{}
	byChannel := map[snapshot.Channel][]Arrow{}
	for _, a := range p.Arrows {
		if a.From.X >= a.To.X {
			fault("arrow %s from %v to %v, want it to run to the right", a.Title, a.From, a.To)
		}
		m := s.Messages[a.Message]
		if m.Class == InFlight {
			flight[m.Channel] += m.Count
			if cut := p.Cuts[0][0].X; a.From.X >= cut || a.To.X <= cut {
				fault("arrow %s from %v to %v, want it to cross the line at %v", a.Title, a.From, a.To, cut)
			}
		}
		if !a.Loop {
			byChannel[m.Channel] = append(byChannel[m.Channel], a)
		}
	}
	for _, c := range s.Channels {
		if want := c.Sent - c.Received; flight[c.Channel] != want {
			fault("%d messages in flight drawn on %s, want %d", flight[c.Channel], c.Channel, want)
		}
		arrows := byChannel[c.Channel]
		for i, a := range arrows {
			for _, b := range arrows[:i] {
				if (a.From.X-b.From.X)*(a.To.X-b.To.X) < 0 {
					fault("arrows %s and %s of %s cross", a.Title, b.Title, c.Channel)
				}
			}
		}
	}
	return append(faults, boundsFaults(p)...)
}

// realFaults returns what is wrong in the picture as it happened.
func realFaults(s *Story) (faults []string) {
	p := s.LayoutReal()
	if p == nil {
		if s.Journals != nil {
			faults = append(faults, "no picture, want one of a snapshot with journals")
		}
		return faults
	}
	last := map[float64]float64{}
	for _, m := range p.Marks {
		if m.X < last[m.Y] {
			faults = append(faults, fmt.Sprintf("an event at %v after one at %v on the same lane", m.X, last[m.Y]))
		}
		last[m.Y] = m.X
	}
	if len(p.Cuts[0]) != len(s.Lanes) {
		faults = append(faults, fmt.Sprintf("a cut through %d lanes, want %d", len(p.Cuts[0]), len(s.Lanes)))
	}
	return append(faults, boundsFaults(p)...)
}

// boundsFaults returns what overlaps or lies outside.
func boundsFaults(p *Picture) (faults []string) {
	fault := func(format string, a ...any) { faults = append(faults, fmt.Sprintf(format, a...)) }
	whole := Box{0, 0, p.Width, p.Height}
	inside := func(what string, b Box) {
		if b.Left < whole.Left || b.Top < whole.Top || b.Right > whole.Right || b.Bottom > whole.Bottom {
			fault("%s at %v, want it inside %v", what, b, whole)
		}
	}
	for i, text := range p.Texts {
		inside(fmt.Sprintf("text %q", text.Text), text.Box())
		for _, other := range p.Texts[:i] {
			if text.Box().Overlaps(other.Box()) {
				fault("texts %q at %v and %q at %v overlap", text.Text, text.Box(), other.Text, other.Box())
			}
		}
	}
	for _, text := range p.Texts {
		if text.Style != StateText && text.Style != FlightLabel && text.Style != WrongLabel {
			continue
		}
		background := text.background()
		for _, m := range p.Marks {
			size := 3.0
			if m.Kind == Recorded {
				size = 6
			}
			event := Box{m.X - size, m.Y - size, m.X + size, m.Y + size}
			if (m.Kind == Recorded || m.Class >= InFlight) && background.Overlaps(event) {
				fault("text %q at %v covers an event, %s at %v", text.Text, background, m.Kind, event)
			}
		}
	}
	for _, a := range p.Arrows {
		for _, end := range []Point{a.From, a.To} {
			inside("arrow "+a.Title, Box{end.X, end.Y, end.X, end.Y})
		}
	}
	for _, m := range p.Marks {
		inside("event", Box{m.X - 3, m.Y - 3, m.X + 3, m.Y + 3})
	}
	for _, b := range p.Bars {
		inside("bar "+b.Title, b.Box())
	}
	for _, c := range p.Cells {
		inside("cell "+c.Channel, Box{c.X, c.Y, c.X + c.Width, c.Y + c.Height})
	}
	return faults
}

func TestAWrongCutHasARedArrow(t *testing.T) {
	tampered := 0
	for seed := uint64(0); tampered < int(*seeds); seed++ {
		var doc map[string]any
		if err := json.Unmarshal(mixed(seed).document(t), &doc); err != nil {
			t.Fatal(err)
		}
		want, ok := tamper(doc, seed)
		if !ok {
			continue
		}
		tampered++
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		s := NewStory(read(t, text), Options{})
		p := s.Layout()
		back, count := false, uint64(0)
		for _, a := range p.Arrows {
			if m := s.Messages[a.Message]; m.Class == Wrong {
				back = back || a.From.X > a.To.X
				count += m.Count
			}
		}
		if back != want || count == 0 {
			t.Errorf("seed %d: got %d messages in red, backwards: %v; want some, backwards: %v", seed, count, back, want)
		}
		for _, fault := range boundsFaults(p) {
			t.Errorf("seed %d: got %s", seed, fault)
		}
		if t.Failed() {
			return
		}
	}
}

// tamper changes a document so that its cut is wrong, if it has a channel for that. It reports
// whether a message must then run backwards.
func tamper(doc map[string]any, seed uint64) (back, ok bool) {
	for _, one := range doc["channels"].([]any) {
		c := one.(map[string]any)
		messages := c["messages"].([]any)
		switch {
		case seed%2 == 0 && c["sent"].(float64) > 0 && len(messages) == 0:
			c["sent"] = c["sent"].(float64) - 1
			return true, true
		case seed%2 == 1 && len(messages) > 0:
			c["messages"] = messages[1:]
			return false, true
		}
	}
	return false, false
}

func TestManyMessagesInFlightAreFewArrows(t *testing.T) {
	d := read(t, sample{processes: 11, steps: 900, seed: 4, journal: true, deliver: 20}.document(t))
	s := NewStory(d, Options{})
	p := s.Layout()
	arrows, channels := map[snapshot.Channel]int{}, 0
	for _, m := range s.Messages {
		if m.Class == InFlight {
			arrows[m.Channel]++
		}
	}
	for _, c := range d.Channels {
		if c.Sent > c.Received {
			channels++
		}
		if arrows[c.Channel] > 1 {
			t.Errorf("got %d arrows for %d messages in flight on %s, want one", arrows[c.Channel], c.Sent-c.Received, c.Channel)
		}
	}
	if len(arrows) != channels || channels <= 60 || p.Height > 2500 {
		t.Errorf("got arrows on %d channels in a picture %v px high, want them on %d and at most 2500 px", len(arrows), p.Height, channels)
	}
}

func TestTheSameSnapshotIsDrawnInTheSameBytes(t *testing.T) {
	text := sample{processes: 14, steps: 900, seed: 4, journal: true, deliver: 20}.document(t)
	first := drawn(t, NewStory(read(t, text), Options{}).Layout())
	for range 5 {
		if again := drawn(t, NewStory(read(t, text), Options{}).Layout()); again != first {
			t.Fatalf("got two different files of %d and %d bytes", len(first), len(again))
		}
	}
}

func TestAVeryLongJournalIsCutAndThePictureSaysSo(t *testing.T) {
	d := read(t, sample{processes: 3, steps: 200, seed: 3, journal: true}.document(t))
	for id, j := range d.Journals {
		var before []Entry
		for i := range uint64(35_000) {
			before = append(before, Entry{Kind: Sent, Peer: "p02", Seq: i + 1, AtMS: -1e6 + float64(i)})
		}
		j.Events = append(before, j.Events...)
		d.Journals[id] = j
	}
	for _, most := range []int{0, 5000, 1 << 40} {
		s := NewStory(d, Options{EventsMax: most})
		p := s.Layout()
		if s.OutOfSight < 80_000 || len(p.Marks) > EventsMost {
			t.Errorf("at most %d events: got %d events drawn and %d left out, want most left out", most, len(p.Marks), s.OutOfSight)
		}
		says := false
		for _, text := range p.Texts {
			says = says || strings.Contains(text.Text, thousands(uint64(s.OutOfSight))+" events further from the cut")
		}
		if !says {
			t.Errorf("at most %d events: got no text that says how many events are left out", most)
		}
	}
}

func TestMoreEventsAreDrawnIfMoreAreAskedFor(t *testing.T) {
	d := read(t, sample{processes: 3, steps: 30_000, seed: 3, journal: true}.document(t))
	drawn := func(most int) (events int) {
		s := NewStory(d, Options{EventsMax: most})
		s.Layout()
		for _, l := range s.Lanes {
			events += len(l.Events)
		}
		return events
	}
	few, most := drawn(EventsMost-2), drawn(EventsMost)
	if few < EventsMost-100 || most < few {
		t.Errorf("got %d events for %d and %d events for %d, want about as many as are asked for", few, EventsMost-2, most, EventsMost)
	}
}

func TestThePictureCountsWhatTheJournalsOmit(t *testing.T) {
	d := read(t, sample{processes: 3, steps: 60, seed: 3, journal: true}.document(t))
	for _, c := range []struct {
		omitted [3]uint64
		want    string
	}{
		{[3]uint64{700, 1, 800}, "1,501 events that the nodes knew: not in the journals of the snapshot"},
		{[3]uint64{0, 1, 0}, "1 event that the nodes knew: not in the journals of the snapshot"},
		{[3]uint64{5, math.MaxUint64, 7}, "18,446,744,073,709,551,615 events that the nodes knew: not in the journals of the snapshot"},
		{[3]uint64{}, ""},
	} {
		for i, n := range c.omitted {
			d.Journals[snapshot.ProcessID(name(i))].Omitted = n
		}
		s := NewStory(d, Options{})
		for _, p := range []*Picture{s.Layout(), s.LayoutReal()} {
			got := ""
			for _, text := range p.Texts {
				if strings.Contains(text.Text, "not in the journals") {
					got += text.Text
				}
			}
			if got != c.want {
				t.Errorf("got %q for %v, want %q", got, c.omitted, c.want)
			}
		}
	}
}
