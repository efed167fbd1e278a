package diagram

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

func TestALargeSnapshotIsSmallOnPaperAndDrawnQuickly(t *testing.T) {
	dense := sample{processes: 30, steps: 5000, seed: 3, journal: true, deliver: 48}.document(t)
	busy := sample{processes: 30, steps: 5600, seed: 3, journal: true, deliver: 1, at: 5500, together: true}.document(t)
	for _, c := range []struct {
		name            string
		text            []byte
		flights, events int
		most            int // of --events
	}{
		{"dense", dense, 20, 1000, 0},
		{"dense, 5000 events", dense, 20, 4000, 5000},
		{"dense, long ids", longIDs(dense), 20, 4000, 5000},
		{"all channels busy", busy, 850, 1000, 0},
		{"all channels busy, long ids", longIDs(busy), 850, 3500, 5000},
	} {
		d := read(t, c.text)
		channels := 0
		var ids []snapshot.ProcessID
		for _, p := range d.Processes {
			ids = append(ids, p.ID)
		}
		for _, one := range d.Channels {
			if one.Sent > one.Received {
				channels++
			}
		}
		var s *Story
		svg, quickest := "", time.Hour
		for range 3 { // the machine may be busy with something else
			start := time.Now()
			s = NewStory(d, Options{Asked: ids, EventsMax: c.most})
			svg = drawn(t, s.Layout())
			quickest = min(quickest, time.Since(start))
		}
		if quickest > 2*time.Second {
			t.Errorf("%s: got a picture after %v, want at most 2 s", c.name, quickest)
		}
		events := 0
		for _, l := range s.Lanes {
			events += len(l.Events)
		}
		if len(svg) > 300_000 || events < c.events || channels < c.flights {
			t.Errorf("%s: got %d bytes for %d events and %d channels, want at most 300000 for at least %d and %d", c.name, len(svg), events, channels, c.events, c.flights)
		}
	}
}

// longIDs makes the ids of a sample as long as an id may be.
func longIDs(text []byte) []byte {
	return regexp.MustCompile(`"p(\d\d)"`).ReplaceAll(text, []byte(`"p`+strings.Repeat("-of-a-long-name", 4)+`-$1"`))
}

func TestADocumentWithVeryManyArrowsOverTheCutIsSmallAndSaysSo(t *testing.T) {
	wrong := func(c *snapshot.ChannelState) { c.Received, c.Messages = c.Sent+1, nil }
	unrecorded := func(c *snapshot.ChannelState) { c.Messages, c.Known = nil, false }
	accents := `{"name":"e` + strings.Repeat("\u0301", 10_000) + `"}` // they take no cell
	for _, c := range []struct {
		name      string
		processes int
		change    func(*snapshot.ChannelState)
		dropped   bool
	}{
		{"wrong", 30, wrong, true}, {"unrecorded", 30, unrecorded, true},
		{"few lanes, wrong", 12, wrong, true}, {"few lanes, unrecorded", 12, unrecorded, true},
		{"nothing", 30, func(*snapshot.ChannelState) {}, false},
	} {
		d := read(t, longIDs(sample{processes: c.processes, steps: 5600, seed: 3, journal: true, deliver: 1, at: 5500, together: true, state: accents}.document(t)))
		for i := range d.Channels {
			c.change(&d.Channels[i])
		}
		var ids []snapshot.ProcessID
		for _, p := range d.Processes {
			ids = append(ids, p.ID)
		}
		s := NewStory(d, Options{Asked: ids})
		p := s.Layout()
		svg := drawn(t, p)
		if len(svg) > 300_000 || s.Dropped > 0 != c.dropped {
			t.Errorf("%s: got %d bytes and %d arrows left out, want at most 300000 and some left out: %v", c.name, len(svg), s.Dropped, c.dropped)
		}
		says := slices.ContainsFunc(p.Texts, func(text Text) bool {
			return strings.HasPrefix(text.Text, thousands(uint64(s.Dropped))+" more arrows over the cut")
		})
		if says != c.dropped {
			t.Errorf("%s: got a text that says how many arrows are left out: %v, want %v", c.name, says, c.dropped)
		}
	}
}
