package snapshot

import (
	"slices"
	"time"
)

// A Recorder remembers the ids of snapshots that have ended, so that a late marker
// or request starts none of them again. An id is remembered for RememberFactor times
// the time-out of the snapshot, but at least for RememberMin. The minimum is needed
// because the time left in a marker can be close to zero, and markers of the same
// snapshot may come on other channels long after it.
const (
	EndedMax       = 4096 // ids; one more displaces the oldest
	RememberFactor = 10
	RememberMin    = time.Minute
)

type ended struct {
	id     ID
	forget time.Duration // when the id is forgotten, on the caller's clock
}

func (r *Recorder) remember(s Start) {
	if len(r.ended) == EndedMax {
		delete(r.endedIDs, r.ended[0].id)
		r.ended = slices.Delete(r.ended, 0, 1)
	}
	r.endedIDs[s.ID] = true
	r.ended = append(r.ended, ended{s.ID, s.Deadline + max(RememberMin, (RememberFactor-1)*s.Timeout)})
}

// Expire abandons the snapshots whose deadline has passed, and forgets the ids that
// have been remembered long enough. It returns the snapshots that it abandoned.
func (r *Recorder) Expire(now time.Duration) []Start {
	var abandoned []Start
	for _, rec := range slices.Clone(r.recordings) {
		if now >= rec.Deadline {
			abandoned = append(abandoned, rec.Start)
			r.finish(rec)
		}
	}
	r.ended = slices.DeleteFunc(r.ended, func(e ended) bool {
		if now >= e.forget {
			delete(r.endedIDs, e.id)
		}
		return now >= e.forget
	})
	return abandoned
}

// Ended returns how many ids of ended snapshots are remembered, at most EndedMax.
func (r *Recorder) Ended() int { return len(r.ended) }
