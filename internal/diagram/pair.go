package diagram

import (
	"chandy/internal/difference"
	"chandy/snapshot"
)

// Pair is two snapshots that are drawn in one picture, on the same lanes. The first one, A, is
// the older one. Their journals are not drawn.
type Pair struct {
	Stories   [2]*Story
	Rows      [][]Row // about the states, by lane
	Between   []Between
	Quiet     int // processes without a lane of which nothing changed
	Busy      int // processes without a lane of which something changed
	tally     tally
	processes map[snapshot.ProcessID]difference.Process
	channels  map[snapshot.Channel]difference.Channel
	missing   map[snapshot.ProcessID]bool // in at least one snapshot
}

// NewPair compares two snapshots, which must be consistent, and finds out what a picture of both
// shows. The limits and the processes asked for are in the first options.
func NewPair(a, b *Document, options [2]Options) *Pair {
	p := &Pair{processes: map[snapshot.ProcessID]difference.Process{}, channels: map[snapshot.Channel]difference.Channel{}, missing: map[snapshot.ProcessID]bool{}}
	for i, d := range []*Document{a, b} {
		cut := *d
		cut.Journals = nil
		p.Stories[i] = newStory(&cut, options[i])
		for _, m := range d.Missing {
			if m.Process != "" {
				p.missing[m.Process] = true
			}
		}
	}
	for _, one := range difference.Processes(a.Global, b.Global) {
		p.processes[one.ID] = one
	}
	for _, one := range difference.Channels(a.Global, b.Global) {
		p.channels[one.Channel] = one
	}
	p.count()
	var runs [2][]run
	for i, s := range p.Stories {
		runs[i] = s.runs(func(r run) []run { return p.split(r, i) })
	}
	p.chooseLanes(runs)
	for i, s := range p.Stories {
		s.tell(runs[i], len(runs[i]))
		s.limit(sideMost, sideMost)
	}
	for lane, one := range p.Stories[0].Lanes {
		p.Rows = append(p.Rows, p.rows(lane))
		p.Between = append(p.Between, p.between(one.ID))
	}
	return p
}

// sign returns how the states of a process relate.
func (p *Pair) sign(id snapshot.ProcessID) Sign {
	d, ok := p.processes[id]
	switch {
	case !ok, d.Unknown != "", d.Where != difference.Both && p.missing[id]:
		return Unsure
	case d.Where != difference.Both, d.Note != "", len(d.Changes) > 0:
		return Changed
	}
	return Same
}

// only is the sign of a message that is in flight in just one of the snapshots.
var only = [2]Sign{Gone, New}

// split cuts a run of one of the snapshots into the messages that are in flight in that
// snapshot only, and the ones that are in flight in both.
func (p *Pair) split(r run, half int) []run {
	first, last := r.first, r.first+r.count-1
	c := p.channels[r.channel]
	if c.Unknown != "" {
		return []run{r.part(first, last, Unsure)}
	}
	low, high := both(c)
	low, high = max(low, first), min(high, last)
	if low > high || low == 0 {
		return []run{r.part(first, last, only[half])}
	}
	var parts []run
	if first < low {
		parts = append(parts, r.part(first, low-1, only[half]))
	}
	parts = append(parts, r.part(low, high, Same))
	if high < last {
		parts = append(parts, r.part(high+1, last, only[half]))
	}
	return parts
}

// both returns the numbers of the messages that are in flight in both snapshots. The first
// number is 0, or larger than the last one, if there are none.
func both(c difference.Channel) (first, last uint64) {
	if c.Where != difference.Both || c.Anew || c.A.First == 0 || c.B.First == 0 {
		return 0, 0
	}
	return max(c.A.First, c.B.First), min(c.A.Last, c.B.Last)
}
