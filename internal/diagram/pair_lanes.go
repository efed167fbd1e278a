package diagram

import (
	"cmp"
	"maps"
	"slices"

	"chandy/snapshot"
)

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
	for id := range ids {
		if p.sign(id) != Same || p.processes[id].Anew {
			weights[id] += 4
		}
	}
	for _, half := range runs {
		for _, r := range half {
			for _, id := range []snapshot.ProcessID{r.channel.From, r.channel.To} {
				weights[id]++
			}
		}
	}
	for _, id := range o.Asked {
		weights[id] += 1 << 32
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
