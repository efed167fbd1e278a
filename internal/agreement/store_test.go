package agreement

import (
	"slices"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// storage is the store of the model: every operation happens at one moment.
type storage struct {
	absent    bool   // until a decision makes the store
	recent    uint64 // number of the commit that is less than a minute old
	decisions []saved.Decision
	endings   []saved.Ending
	runs      []uint64
	saved     []savedSnapshot
	remover   remover
}

// savedSnapshot is a manifest in the store, and what became of it.
type savedSnapshot struct {
	epoch uint64
	id    snapshot.ID
	acked bool   // somebody was told that it is saved
	fates []fate // the last one counts
}

type fate struct {
	keptFor uint64
	removed bool
}

// remover is a process that removes snapshots: it looks, and removes later.
type remover struct {
	looked bool
	id     snapshot.ID
	fates  uint8 // of the snapshot when it looked
}

func (s *storage) reading() saved.Reading {
	r := saved.Reading{Decided: FirstEpoch, Store: "s"}
	if s.absent {
		r.Store = ""
	}
	for i := range s.decisions {
		d := &s.decisions[i]
		r.Decided = max(r.Decided, d.Number)
		if d.Verdict == saved.Commit && d.Number > r.Epoch() {
			r.Commit = d
		}
	}
	r.Run = slices.Contains(s.runs, r.Epoch())
	r.Recent = r.Epoch() == s.recent
	for _, e := range s.endings {
		if e.Epoch == r.Epoch() {
			r.Endings = append(r.Endings, e)
		}
	}
	for _, one := range slices.Backward(s.saved) {
		if one.epoch == r.Epoch() && !one.removed() {
			r.Newest = &saved.Ref{ID: one.id, Manifest: "sha"}
			break
		}
	}
	return r
}

func (s *storage) find(id snapshot.ID) *savedSnapshot {
	i := slices.IndexFunc(s.saved, func(one savedSnapshot) bool { return one.id == id })
	return &s.saved[i]
}

func (s *savedSnapshot) removed() bool {
	return slices.ContainsFunc(s.fates, func(f fate) bool { return f.removed })
}

func (s *storage) decided(number uint64) *saved.Decision {
	i := slices.IndexFunc(s.decisions, func(d saved.Decision) bool { return d.Number == number })
	if i < 0 {
		return nil
	}
	return &s.decisions[i]
}

// create creates a decision exclusively, and returns the one that is there.
func (s *storage) create(d saved.Decision) saved.Decision {
	if there := s.decided(d.Number); there != nil {
		return *there
	}
	s.absent = false
	s.decisions = append(s.decisions, d)
	slices.SortFunc(s.decisions, func(a, b saved.Decision) int { return int(a.Number) - int(b.Number) })
	return d
}

// keep reports whether the snapshot is kept: false if it was removed.
func (s *storage) keep(id snapshot.ID, number uint64) bool {
	one := s.find(id)
	if one.removed() {
		return false
	}
	if f := (fate{keptFor: number}); !slices.Contains(one.fates, f) {
		one.fates = append(one.fates, f)
	}
	return true
}

// mayRemove is what retention looks for before it removes a snapshot.
func (s *storage) mayRemove(id snapshot.ID) bool {
	one := s.find(id)
	if one.removed() || s.base() == id {
		return false
	}
	return !slices.ContainsFunc(one.fates, func(f fate) bool { return s.decided(f.keptFor) == nil })
}

// base returns the base of the current epoch.
func (s *storage) base() snapshot.ID {
	r := s.reading()
	return r.Base()
}
