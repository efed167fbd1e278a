package diagram

import (
	"cmp"
	"maps"
	"slices"

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

// Between is what a process did between the two cuts.
type Between struct {
	Known          bool // Sent and Received cover all channels of the process
	Anew           bool // the process was restarted
	Sent, Received int64
}

// NewPair compares two snapshots and finds out what a picture of both shows. The limits and the
// processes asked for are in the first options.
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
		s.tell(runs[i])
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
	if r.class != InFlight {
		return []run{r}
	}
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

// between returns what a process sent and received between the cuts.
func (p *Pair) between(id snapshot.ProcessID) Between {
	d, ok := p.processes[id]
	b := Between{Known: ok && d.Where == difference.Both, Anew: d.Anew}
	for _, c := range p.channels {
		if c.Channel.From != id && c.Channel.To != id {
			continue
		}
		if c.Where != difference.Both || c.Anew || c.Unknown != "" {
			b.Known = false
		}
		if c.Channel.From == id {
			b.Sent += c.Sent
		}
		if c.Channel.To == id {
			b.Received += c.Received
		}
	}
	return b
}

// chooseLanes gives both stories the same lanes, sorted. From twelve processes on these are
// the ones that were asked for, and the ones of which something changed or is in flight.
func (p *Pair) chooseLanes(runs [2][]run) {
	o := p.Stories[0].Options
	weights := map[snapshot.ProcessID]int{}
	ids := map[snapshot.ProcessID]bool{}
	for id := range p.processes {
		ids[id] = true
	}
	for id := range p.missing {
		ids[id] = true
	}
	weigh := func(id snapshot.ProcessID, n int) { weights[id] += n }
	for id := range ids {
		if p.sign(id) != Same || p.processes[id].Anew {
			weigh(id, 4)
		}
	}
	for _, half := range runs {
		for _, r := range half {
			for _, id := range []snapshot.ProcessID{r.channel.From, r.channel.To} {
				weigh(id, 1)
			}
		}
	}
	for _, id := range o.Asked {
		weigh(id, 1<<32)
	}
	all := slices.Sorted(maps.Keys(ids))
	if len(all) >= min(quietLanes, o.LanesMax+1) && len(weights) > 0 {
		n := len(all)
		all = slices.DeleteFunc(all, func(id snapshot.ProcessID) bool { return weights[id] == 0 })
		p.Quiet = n - len(all)
	}
	slices.SortStableFunc(all, func(a, b snapshot.ProcessID) int { return cmp.Compare(weights[b], weights[a]) })
	if n := len(all) - o.LanesMax; n > 0 {
		p.Busy, all = n, all[:o.LanesMax]
	}
	slices.Sort(all)
	for _, s := range p.Stories {
		for _, id := range all {
			l := Lane{ID: id, Process: s.Process(id)}
			if i := slices.IndexFunc(s.Missing, func(m snapshot.Missing) bool { return m.Process == id }); i >= 0 {
				l.Missing = string(s.Missing[i].Reason)
			}
			l.Absent = l.Process == nil && l.Missing == ""
			s.Lanes = append(s.Lanes, l)
		}
	}
}

// lines returns what stands between the cuts of a process.
func (b Between) lines() []string {
	switch {
	case b.Anew:
		return []string{"began anew"}
	case !b.Known:
		return []string{"(not known)"}
	}
	return []string{"sent " + signed(b.Sent), "received " + signed(b.Received)}
}

// sign returns Same if nothing happened between the cuts.
func (b Between) sign() Sign {
	if b.Known && !b.Anew && b.Sent == 0 && b.Received == 0 {
		return Same
	}
	return Single
}
