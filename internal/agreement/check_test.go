package agreement

import (
	"slices"

	"chandy/internal/explore"
	"chandy/internal/saved"
)

// Checks. Progress is the explorer's.
const (
	checkHost     = "host"     // an instance is dropped before the next one is loaded
	checkEpoch    = "epoch"    // a process goes to higher epochs only
	checkListed   = "listed"   // only listed incarnations run from a base
	checkLoaded   = "loaded"   // a process that a commit lists has loaded its part
	checkDoom     = "doom"     // a process holds if and only if another one has restarted
	checkOld      = "old"      // nobody is in an old epoch after it learned of a newer one
	checkDecision = "decision" // what a process runs is what was decided, and was decided once
	checkBase     = "base"     // a base is not removed
	checkSaved    = "saved"    // a recovery undoes nothing that is saved
	checkHeld     = "held"     // a recovery keeps the hold
	checkLoop     = "loop"     // a recovery counts who has ended, and the third in a row is held
	checkStore    = "store"    // there is one store
	checkEqual    = "equal"    // equal proposals get the same vote
	checkDry      = "dry"      // a dry run changes nothing
	checkEnd      = "end"      // at the end all run in one epoch
)

// checkLocal checks a process after a step.
func (x *explorer) checkLocal(l *local, e event) *explore.Finding {
	a := l.agent
	switch {
	case a.Epoch() != l.epoch:
		return explore.Findingf(checkOld, "%s is in epoch %d, and its host in %d", l.incarnation(), a.Epoch(), l.epoch)
	case x.lastRead > l.epoch:
		return explore.Findingf(checkOld, "%s has read of epoch %d and stays in %d", l.incarnation(), x.lastRead, l.epoch)
	case e.kind == hears && l.options.Recover && l.role == Listed && l.epoch != 0 && !l.doomed && a.restarted(a.peers[e.arg]):
		return explore.Findingf(checkDoom, "%s has heard %s, which the commit does not list, and goes on", l.incarnation(), a.peers[e.arg].incarnation)
	}
	return nil
}

// checkDecided checks the decision that was just created.
func (x *explorer) checkDecided(s *storage, d saved.Decision) *explore.Finding {
	if d.Verdict != saved.Commit {
		return nil
	}
	if d.Snapshot != "" && s.find(d.Snapshot).removed() {
		return explore.Findingf(checkBase, "the base %s of epoch %d was removed", d.Snapshot, d.Number)
	}
	if len(d.Voters) != len(x.processes) {
		return explore.Findingf(checkDecision, "epoch %d has the voters %v", d.Number, d.Voters)
	}
	before := saved.Decision{Number: FirstEpoch}
	for _, other := range s.decisions {
		if other.Verdict == saved.Commit && other.Number < d.Number {
			before = other
		}
	}
	if before.Number != d.Ends {
		return explore.Findingf(checkDecision, "the commit %d ends epoch %d, the current one is %d", d.Number, d.Ends, before.Number)
	}
	if d.Kind != saved.Recovery {
		return nil
	}
	if before.Held && !slices.Contains(s.runs, before.Number) && !d.Held {
		return explore.Findingf(checkHeld, "the recovery %d ends the hold of epoch %d", d.Number, before.Number)
	}
	if f := x.checkCrashes(s, before, d); f != nil {
		return f
	}
	return checkUndone(s, d)
}

// checkCrashes checks the count of the processes that have ended since the commit before. A
// commit is not recent once its minute is over: a proposal may have been made before that.
func (x *explorer) checkCrashes(s *storage, before, d saved.Decision) *explore.Finding {
	var want []saved.Crash
	for i, v := range before.Voters {
		if before.Snapshot != d.Snapshot || v == d.Voters[i] {
			continue
		}
		n := 1
		for _, c := range before.Crashes {
			if c.Process == v.Process {
				n += c.Count
			}
		}
		want = append(want, saved.Crash{Process: v.Process, Count: n})
	}
	if len(want) == len(before.Voters) { // somebody may have stopped the cluster and started it again
		want = slices.DeleteFunc(want, func(c saved.Crash) bool {
			return !slices.ContainsFunc(s.endings, func(e saved.Ending) bool { return e.Epoch == before.Number && e.By.Process == c.Process })
		})
	}
	if s.recent != before.Number && len(d.Crashes) == 0 || before.Held && !slices.Contains(s.runs, before.Number) {
		return nil // no program has run in an epoch that is held
	}
	loop := slices.ContainsFunc(want, func(c saved.Crash) bool { return c.Count >= 3 })
	if held := d.Held || before.Held; !slices.EqualFunc(d.Crashes, want, saved.Crash.Same) || loop && !held {
		return explore.Findingf(checkLoop, "the recovery %d counts %v, held %v, want %v, held %v", d.Number, d.Crashes, d.Held, want, loop)
	}
	return nil
}

// checkUndone checks that a recovery goes back to the newest snapshot that anybody was
// told is saved.
func checkUndone(s *storage, d saved.Decision) *explore.Finding {
	if d.Kind != saved.Recovery || d.Verdict != saved.Commit {
		return nil
	}
	for _, one := range slices.Backward(s.saved) {
		switch {
		case one.id == d.Snapshot:
			return nil
		case one.epoch == d.Ends && one.acked && !one.removed():
			return explore.Findingf(checkSaved, "the recovery %d goes to %q, and %s is saved", d.Number, d.Snapshot, one.id)
		}
	}
	return nil
}

// checkWhole checks what several processes or the store have to do with.
func (x *explorer) checkWhole(w world) (found []*explore.Finding) {
	s := x.stores.All[w.store]
	for i := range x.processes {
		l := x.node(w, i).local
		if l.epoch <= FirstEpoch {
			continue
		}
		if d := s.decided(l.epoch); d == nil || d.Verdict != saved.Commit || decided(d) != decided(&l.agent.commit) || !slices.Equal(d.Voters, l.agent.commit.Voters) {
			found = append(found, explore.Findingf(checkDecision, "%s runs in epoch %d, whose decision is %v", l.incarnation(), l.epoch, d))
		}
	}
	if base := s.base(); base != "" && s.find(base).removed() {
		found = append(found, explore.Findingf(checkBase, "the base %s was removed", base))
	}
	return found
}

// end checks an end: all run in one epoch, and nothing is under way.
func (x *explorer) end(w world) (found []*explore.Finding) {
	s := x.stores.All[w.store]
	r := s.reading()
	for i := range x.processes {
		l := x.node(w, i).local
		a := l.agent
		bad := func(format string, args ...any) {
			found = append(found, explore.Findingf(checkEnd, "%s: "+format, append([]any{l.incarnation()}, args...)...))
		}
		switch {
		case l.epoch != r.Epoch():
			bad("is in epoch %d, want %d", l.epoch, r.Epoch())
		case l.options.Join && l.role != Listed && (l.options.Recover || l.epoch != FirstEpoch && x.crashes == 0):
			bad("is %s in epoch %d", l.role, l.epoch)
		case l.doomed:
			bad("waits for a recovery")
		case l.held != (r.Commit != nil && r.Commit.Held && !r.Run):
			bad("is held %v in epoch %d", l.held, l.epoch)
		case a.ballot != nil || a.next != nil || a.attempt != nil || len(a.creating) > 0:
			bad("has something under way: %+v, %+v, %+v", a.ballot, a.attempt, a.creating)
		case l.loading || l.loaded:
			bad("has an instance for %s", l.load)
		case l.given != l.ended:
			bad("has not ended its orders: %b, want %b", l.ended, l.given)
		}
	}
	if x.dryOnly() && w.store != 0 {
		found = append(found, explore.Findingf(checkDry, "a dry run has changed the store: %+v", s))
	}
	return found
}

func (x *explorer) dryOnly() bool {
	return !x.options.Recover && len(x.orders) > 0 && !slices.ContainsFunc(x.orders, func(o order) bool { return !o.Dry })
}
