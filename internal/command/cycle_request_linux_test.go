package command

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"chandy/snapshot"
)

// requests are what clients asked the cluster for, and when. Times are on a clock of their
// own, which goes on with everything that happens. It is safe for concurrent use.
type requests struct {
	mu       sync.Mutex
	now      uint64
	all      []*request
	restores []wentBack
}

// request is a request of a client.
type request struct {
	at           snapshot.ProcessID
	key          string
	began, ended uint64 // ended is zero until it is answered
	reply        requestReply
	increment    int // number of the increment of a counter that it attempts, or zero

	fate   fate // by the first restores, as many as judged says
	judged int
}

// requestReply has the keys of the replies of all programs.
type requestReply struct {
	Type  string `json:"type"`
	Code  int    `json:"code"`
	TS    int64  `json:"ts"`    // of "ts_ok"
	Index int    `json:"index"` // of "add_ok"
	Epoch uint64 `json:"epoch"` // of "add_ok"
}

// wentBack is a restore.
type wentBack struct {
	to           savedCut // without the snapshot, which would stay in memory
	began, ended uint64
	epoch        uint64                            // that it began
	tallies      map[snapshot.ProcessID]tallyState // in the snapshot
}

func (b wentBack) String() string {
	return fmt.Sprintf("to the cut of %d to %d, from %d to %d, for epoch %d", b.to.began, b.to.ended, b.began, b.ended, b.epoch)
}

// history returns the restores so far.
func (l *requests) history() []wentBack {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.restores)
}

func (l *requests) tick() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	return l.now
}

func (l *requests) begin(at snapshot.ProcessID) *request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	r := &request{at: at, key: fmt.Sprintf("k%d", l.now), began: l.now}
	l.all = append(l.all, r)
	return r
}

func (l *requests) end(r *request, reply requestReply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	r.ended, r.reply = l.now, reply
}

func (l *requests) wentBack(to *savedCut, began, epoch uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	l.restores = append(l.restores, wentBack{savedCut{began: to.began, ended: to.ended}, began, l.now, epoch, talliesOf(to.Snapshot)})
}

// fate is what became of a request by the current epoch.
type fate int

const (
	fateUnclear fate = iota // the request and a snapshot or a restore were at the same time
	fateDone                // the program has done it
	fateUndone              // it never was
)

func (f fate) String() string { return [...]string{"unclear", "done", "undone"}[f] }

// judge returns what became of a request that was answered.
func (l *requests) judge(r *request) fate {
	switch {
	case r.reply.Code == 14:
		return fateUndone
	case r.judged == 0:
		r.fate = fateDone
	}
	for ; r.judged < len(l.restores) && r.fate == fateDone; r.judged++ {
		switch b := l.restores[r.judged]; {
		case r.began > b.ended: // it is of a later epoch
		case r.ended >= b.began:
			r.fate = fateUnclear
		case r.ended < b.to.began: // it is in the snapshot
		case r.began > b.to.ended:
			r.fate = fateUndone
		default:
			r.fate = fateUnclear
		}
	}
	return r.fate
}

// answered calls f for the requests that were answered before a time, as long as f returns
// no error.
func (l *requests) answered(before uint64, f func(*request) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.all {
		if r.ended > 0 && r.ended < before {
			if err := f(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkKeys compares the keys in the states with what became of the requests.
func (l *requests) checkKeys(before uint64, keys map[snapshot.ProcessID][]string) error {
	there := map[string]bool{}
	for id, all := range keys {
		for _, key := range all {
			if there[key] {
				return fmt.Errorf("%s: got the key %s twice, want it once", id, key)
			}
			there[key] = true
		}
	}
	return l.answered(before, func(r *request) error {
		if _, ok := keys[r.at]; !ok {
			return nil // the process has no keys
		}
		if f := l.judge(r); f != fateUnclear && there[r.key] != (f == fateDone) {
			return fmt.Errorf("%s: got the key %s %v, want it %s: its reply was %+v, from %d to %d; restores %v",
				r.at, r.key, there[r.key], f, r.reply, r.began, r.ended, l.restores)
		}
		return nil
	})
}

// checkPlaces compares the places of keys exactly. A reply names the epoch in which the
// program added the key, and its place. Of what was added in an earlier epoch, that part is
// there still which was in each base since.
func (l *requests) checkPlaces(before uint64, states map[snapshot.ProcessID]tallyState) error {
	waited := map[string]bool{} // in a base, without an answer: the restored program adds it
	kept := map[snapshot.ProcessID]map[uint64]int{}
	places := map[string]int{}
	for id, state := range states {
		kept[id] = l.kept(id, waited)
		for i, key := range state.Keys {
			places[key] = i
		}
	}
	return l.answered(before, func(r *request) error {
		if r.reply.Type != "add_ok" {
			return nil
		}
		at, there := places[r.key]
		if !there {
			at = -1
		}
		length, ended := kept[r.at][r.reply.Epoch]
		switch stays := !ended || r.reply.Index < length; {
		case stays && at != r.reply.Index:
			return fmt.Errorf("%s: got the key %s at place %d, want %d, as its reply said in epoch %d", r.at, r.key, at, r.reply.Index, r.reply.Epoch)
		case !stays && at >= 0 && !waited[r.key]:
			return fmt.Errorf("%s: got the key %s at place %d, want it undone: it was added in epoch %d at %d, of which %d are left", r.at, r.key, at, r.reply.Epoch, r.reply.Index, length)
		}
		return nil
	})
}

// kept returns how many keys are left at a process of what it had in each epoch that has
// ended. The keys that waited in the bases are added to waited.
func (l *requests) kept(id snapshot.ProcessID, waited map[string]bool) map[uint64]int {
	left, least := map[uint64]int{}, math.MaxInt
	for i := len(l.restores) - 1; i >= 0; i-- {
		base := l.restores[i].tallies[id]
		for _, a := range base.Waiting {
			waited[a.Key] = true
		}
		ends := uint64(1)
		if i > 0 {
			ends = l.restores[i-1].epoch
		}
		least = min(least, len(base.Keys))
		left[ends] = least
	}
	return left
}
