package try

import "fmt"

// restoreAfter is how many requests make the state that is restored, at most.
const restoreAfter = 20

// tryRestore gives a state to a fresh child.
func (t *trial) tryRestore() (Result, error) {
	if t.state != stateSnapshot {
		if t.state != stateNone {
			return Result{Verdict: Skipped, Text: "the reply to a request of its own is to look at, not to restore"}, nil
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
		return Result{Verdict: Not, Text: err.Error(), Advice: `answer {"type":"restore","state":…} by {"type":"restore_ok"}`}, nil
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
			Verdict: Not, Text: fmt.Sprintf("a fresh child that took a state back has another: %s, not %s", a, b),
			Advice: "restore everything that is in the state; what is not worth restoring need not be in it",
		}, nil
	case compare(before.Bytes, given, false) != different:
		return Result{Verdict: Unclear, Text: "a state was taken back, but it is that of every fresh child: nothing to see", Advice: "give a --request that changes the state"}, nil
	}
	text := fmt.Sprintf("a fresh child that took the state after %d requests back has the same", len(bodies))
	if likeness == reordered {
		text += ", but for the order of lists"
	}
	return Result{Verdict: Works, Text: text}, nil
}
