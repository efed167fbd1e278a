package snapshot

import (
	"cmp"
	"slices"
	"time"
)

// A Recorder remembers which snapshots have ended, so that a late marker or request
// starts none of them again, however many others came in between.
//
// It remembers at most EndedMax ids one by one. One more makes it forget the lower
// half, and each assembler among these gets a floor, which is the highest of its
// forgotten ids. From then on a snapshot of the assembler with an id up to the floor
// starts nothing here.
//
// The rule needs no clock, and it holds for any ids. It costs little as long as the ids
// of each assembler ascend. Then a new snapshot is refused only if a later one of the
// same assembler has ended and is forgotten before the first marker of the new one comes.
// The refusal is reported.
//
// A floor belongs to one assembler, because ids of different assemblers come from
// different clocks. It goes when the assembler restarts, because the clock may have been
// set back. A late marker of the old incarnation can then start a recording. The new
// incarnation does not know the snapshot, and its answer ends the recording.
//
// A peer that invents ids of an assembler cannot start an ended snapshot. With more than
// EndedMax/2 high ids it can raise the floor, so that later snapshots of this assembler
// are refused until the assembler restarts.
const EndedMax = 4096

// ended is a snapshot that has ended, or a floor.
type ended struct {
	id        ID
	assembler ProcessID
}

func (r *Recorder) remember(s Start) {
	if len(r.ended) == EndedMax {
		r.forgetHalf()
	}
	r.endedIDs[s.ID] = true
	r.ended = append(r.ended, ended{s.ID, s.Assembler})
}

// forgetHalf forgets the lower half of the ids and raises the floors.
func (r *Recorder) forgetHalf() {
	slices.SortFunc(r.ended, func(a, b ended) int { return cmp.Compare(a.id, b.id) })
	for _, e := range r.ended[:EndedMax/2] {
		delete(r.endedIDs, e.id)
		if floor := r.floor(e.assembler); floor == nil {
			r.floors = append(r.floors, e)
		} else {
			floor.id = max(floor.id, e.id)
		}
	}
	r.ended = slices.Delete(r.ended, 0, EndedMax/2)
}

// floor returns the floor of an assembler, or nil if it has none.
func (r *Recorder) floor(assembler ProcessID) *ended {
	for i := range r.floors {
		if r.floors[i].assembler == assembler {
			return &r.floors[i]
		}
	}
	return nil
}

// belowFloor reports whether a snapshot that is not remembered may have ended.
func (r *Recorder) belowFloor(s Start) bool {
	floor := r.floor(s.Assembler)
	return floor != nil && s.ID <= floor.id
}

// Expire abandons the snapshots whose deadline has passed, and returns them.
func (r *Recorder) Expire(now time.Duration) []Start {
	var abandoned []Start
	for _, rec := range slices.Clone(r.recordings) {
		if now >= rec.Deadline {
			abandoned = append(abandoned, rec.Start)
			r.finish(rec)
		}
	}
	return abandoned
}

// Ended returns how many ids of ended snapshots are remembered one by one, at most
// EndedMax.
func (r *Recorder) Ended() int { return len(r.ended) }
