package agreement

import (
	"cmp"
	"slices"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// crashesMax is how often a process may end soon after a restore of the same base. Then the
// cluster is held, because the next restore would end in the same way.
const crashesMax = 3

// crashes returns the processes that have restarted soon after the last commit, if the next
// one has the same base. The counts lie in the commits: nothing else survives the death of
// all nodes, and a commit knows by its voters which processes have restarted since.
//
// No program runs in a held epoch, so an end says nothing about the base: the counts stay. If
// all processes have restarted, somebody may have stopped the cluster and started it again.
// Then only those count that have said that their program ended.
func (a *Agent) crashes(r saved.Reading, base snapshot.ID) (all []saved.Crash) {
	switch {
	case r.Commit == nil || r.Commit.Snapshot != base:
		return nil
	case r.Commit.Held && !r.Run:
		return r.Commit.Crashes
	case !r.Recent:
		return nil
	}
	someRanOn := slices.ContainsFunc(a.peers, func(p peer) bool { return lists(r.Commit, p.id, p.incarnation) })
	for _, p := range a.peers {
		ending := r.Ending(p.id)
		if lists(r.Commit, p.id, p.incarnation) || !someRanOn && ending == nil {
			continue
		}
		one := saved.Crash{Process: p.id, Count: 1, Ending: ending}
		for _, before := range r.Commit.Crashes {
			if before.Process == p.id {
				one.Count += before.Count
				one.Ending = cmp.Or(ending, before.Ending)
			}
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(x, y saved.Crash) int { return cmp.Compare(x.Process, y.Process) })
	return all
}

// loops reports whether a process has ended too often.
func loops(crashes []saved.Crash) bool { return len(Looping(crashes)) > 0 }

// Looping returns the processes that have ended too often.
func Looping(crashes []saved.Crash) (all []snapshot.ProcessID) {
	for _, c := range crashes {
		if c.Count >= crashesMax {
			all = append(all, c.Process)
		}
	}
	return all
}
