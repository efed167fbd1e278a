package diagram

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

// The picture and the last line of initiate have the same words.
func TestThePictureSaysWhoWasLastAndWhyAsInitiateDoes(t *testing.T) {
	times := snapshot.NoTimes()
	times.Asked, times.Encoded, times.Sent = time.Millisecond, 60*time.Millisecond, 61*time.Millisecond
	for _, c := range []struct {
		change func(*Document)
		last   string
		bold   int
	}{
		{func(d *Document) {}, "p03, 63 ms: its state took 59 ms", 1},
		{func(d *Document) { marker(d, "p02", "p03").MarkerAfter = 62 * time.Millisecond }, "p03, 63 ms: the marker of p02 came after 62 ms", 1},
		{func(d *Document) { d.Processes[2].CompletedAfter = 163 * time.Millisecond }, "p03, 163 ms: 102 ms passed before it learned of the snapshot, or while its part was on its way", 0},
		{func(d *Document) { d.Processes[2].Times = nil }, "p03, 63 ms", 0},
		{func(d *Document) { d.Processes[0].CompletedAfter = 64 * time.Millisecond }, "p01, 64 ms: its state took 59 ms", 1},
	} {
		d := read(t, sample{processes: 3, steps: 60, seed: 1}.document(t))
		for i := range d.Processes {
			own := times
			p := &d.Processes[i]
			p.Completed, p.CompletedAfter, p.Times = true, time.Duration(61+i)*time.Millisecond, &own
		}
		for i := range d.Channels {
			d.Channels[i].MarkerAfter, d.Channels[i].MarkerKnown = 5*time.Millisecond, true
		}
		c.change(d)
		p := NewStory(d, Options{}).Layout()
		if d.Last() != c.last || !strings.HasSuffix(p.Name, " · last: "+c.last) {
			t.Errorf("got the sentence %q and %q of initiate, want both to end in %q", p.Name, d.Last(), c.last)
		}
		bold, says := 0, false
		for i, b := range p.Bars {
			if !b.Critical {
				continue
			}
			bold++
			for _, other := range p.Bars[:i] {
				if !other.Tick && b.Box().Overlaps(other.Box()) {
					t.Errorf("%s: got the bold bar over the stage %q, want both to be seen", c.last, other.Title)
				}
			}
		}
		stages := 0
		for _, b := range p.Bars {
			if b.Y == p.Bars[0].Y && !b.Tick && !b.Critical {
				stages++
			}
		}
		if want := len(NewStory(d, Options{}).stages(&d.Processes[0])); c.bold > 0 && stages < want {
			t.Errorf("%s: got %d stages of the last process, want %d", c.last, stages, want)
		}
		for _, text := range p.Texts {
			says = says || text.Style == BarCritical && text.Text == "last: "+c.last
		}
		if bold != c.bold || !says {
			t.Errorf("%s: got %d bold bars and the text below them: %v, want %d and the text", c.last, bold, says, c.bold)
		}
	}
}

func marker(d *Document, from, to snapshot.ProcessID) *snapshot.ChannelState {
	i := slices.IndexFunc(d.Channels, func(c snapshot.ChannelState) bool { return c.Channel == snapshot.Channel{From: from, To: to} })
	return &d.Channels[i]
}

func TestTheLatestProcessStandsFirstInTheBars(t *testing.T) {
	for _, processes := range []int{3, barsMax + 3} {
		d := read(t, sample{processes: processes, steps: 60, seed: 1}.document(t))
		var want []string
		for i := range d.Processes { // in another order than the ids
			p := &d.Processes[i*7%processes]
			p.Completed, p.CompletedAfter = true, time.Duration(processes-i)*time.Millisecond
			want = append(want, string(p.ID))
		}
		want = want[:min(len(want), barsMax)]
		var got []string
		for _, text := range NewStory(d, Options{}).Layout().Texts {
			if (text.Style == BarText || text.Style == BarCritical) && text.Anchor == End {
				got = append(got, text.Text)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got bars of %q, want %q", got, want)
		}
	}
}

func TestTheProcessThatWasLastHasALane(t *testing.T) {
	d := read(t, sample{processes: 30, steps: 60, seed: 1, deliver: 90}.document(t))
	quiet := NewStory(d, Options{})
	for i := range d.Processes {
		p := &d.Processes[i]
		if quiet.lane(p.ID) >= 0 {
			continue
		}
		before := p.CompletedAfter
		p.Completed, p.CompletedAfter = true, time.Hour
		s := NewStory(d, Options{LanesMax: 1})
		if !strings.Contains(s.sentence(), "last: "+string(p.ID)+", ") || s.lane(p.ID) < 0 {
			t.Errorf("got the sentence %q and the lanes %v, want %s in both", s.sentence(), s.Lanes, p.ID)
		}
		p.CompletedAfter = before
	}
	if quiet.Quiet < 5 {
		t.Errorf("got %d quiet processes, want some to try", quiet.Quiet)
	}
}

// Black is white in dark colours, so the key names neither.
func TestTheKeyIsTrueInLightAndInDark(t *testing.T) {
	colour := regexp.MustCompile(`(?i)\b(black|white)\b`)
	for seed := range *seeds / 10 {
		s := NewStory(read(t, mixed(seed).document(t)), Options{})
		for _, p := range []*Picture{s.Layout(), s.LayoutReal()} {
			if p == nil {
				continue
			}
			for _, text := range p.Texts {
				if text.Style == Note && colour.MatchString(text.Text) {
					t.Errorf("seed %d: got %q, want a key without black and white", seed, text.Text)
				}
			}
		}
	}
}
