package diagram

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

func TestTheSentenceSaysWhoWasLastAndWhy(t *testing.T) {
	times := snapshot.NoTimes()
	times.Asked, times.Encoded, times.Sent = time.Millisecond, 60*time.Millisecond, 61*time.Millisecond
	base := func() *Document {
		d := read(t, sample{processes: 3, steps: 60, seed: 1}.document(t))
		for i := range d.Processes {
			d.Processes[i].Completed, d.Processes[i].CompletedAfter = true, time.Duration(i+1)*time.Millisecond
			d.Times[d.Processes[i].ID] = times
		}
		d.Markers = map[snapshot.Channel]float64{{From: "p01", To: "p03"}: 5, {From: "p02", To: "p03"}: 40}
		return d
	}
	for _, c := range []struct {
		change func(*Document)
		want   string
	}{
		{func(d *Document) {}, "last: p03, encoding took 59 ms"},
		{func(d *Document) { d.Markers[snapshot.Channel{From: "p02", To: "p03"}] = 98 }, "last: p03, marker of p02 after 98 ms"},
		{func(d *Document) { d.Times = map[snapshot.ProcessID]snapshot.Times{}; d.Markers = nil }, "last: p03, 3.0 ms at the assembler"},
		{func(d *Document) { d.Processes[0].CompletedAfter = time.Hour }, "last: p01, encoding took 59 ms"},
	} {
		d := base()
		c.change(d)
		p := NewStory(d, Options{}).Layout()
		if !strings.HasSuffix(p.Texts[0].Text, " · "+c.want) {
			t.Errorf("got the sentence %q, want it to end in %q", p.Texts[0].Text, c.want)
		}
		bold := 0
		for _, b := range p.Bars {
			if b.Critical {
				bold++
			}
		}
		if want := min(len(d.Times), 1); bold != want {
			t.Errorf("%s: got %d bold bars, want %d", c.want, bold, want)
		}
	}
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
