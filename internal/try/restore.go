package try

import (
	"errors"
	"fmt"
)

const restoreAfter = 20 // requests before the state that is restored, at most

// tryRestore judges whether the program can go on from a state. A failure is only a note as
// long as chandy restores no cluster.
func (t *trial) tryRestore() (Result, error) {
	r, err := t.restore()
	if err != nil && t.ctx.Err() == nil && !errors.Is(err, ErrStart) {
		r, err = Result{Verdict: Not, Text: err.Error()}, nil
	}
	if r.Verdict == Not || r.Verdict == Unclear {
		r.Verdict = Note
	}
	return r, err
}

// restore restores a state into a fresh child and compares the state of this child.
func (t *trial) restore() (Result, error) {
	if t.state != stateSnapshot {
		if t.state != stateNone {
			return Result{Verdict: Skipped, Text: "the reply to a request of its own can be inspected, not restored"}, nil
		}
		return unasked, nil
	}
	h, err := t.host("restore", nil)
	if err != nil {
		return Result{}, err
	}
	defer h.close()
	var bodies []string
	if len(t.answered) > 0 {
		bodies = t.answered[0].take(0, min(restoreAfter, t.Burst))
	}
	before, err := h.state()
	if err != nil {
		return Result{}, err
	}
	given, err := h.after(bodies)
	if err != nil {
		return Result{}, err
	}
	restored, err := t.host("restore", given)
	if err != nil {
		return Result{Verdict: Not, Text: err.Error(), Advice: `answer {"type":"restore","state":…} with {"type":"restore_ok"}`}, nil
	}
	defer restored.close()
	got, err := restored.state()
	if err != nil {
		return Result{}, fmt.Errorf("after restore: %w", err)
	}
	likeness := compare(got.Bytes, given, false)
	switch {
	case likeness == different:
		a, b := apart(got.Bytes, given, false)
		return Result{
			Verdict: Not, Text: fmt.Sprintf("a fresh child has another state after restore: %s, expected %s", a, b),
			Advice: "restore everything that is in the state, or leave it out of the state",
		}, nil
	case compare(before.Bytes, given, false) != different:
		return Result{Verdict: Unclear, Text: "a state was restored, but every fresh child has the same one: nothing to compare", Advice: "name a --request that changes the state"}, nil
	}
	text := fmt.Sprintf("a fresh child that restored the state after %d requests has the same state", len(bodies))
	if likeness == reordered {
		text += ", apart from the order of lists"
	}
	return Result{Verdict: Works, Text: text}, nil
}
