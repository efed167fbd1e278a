package try

import (
	"errors"
	"fmt"
	"slices"
)

const restoreAfter = 20 // requests before the state that is restored, at most

// byFile is the value of the setting restore_by for a child that reads its state from a file.
const byFile = "file"

// tryRestore judges whether the program can go on from a state. A program that refuses is only
// noted: the node refuses such a restore before anything happens. One that goes on from a
// wrong state does not work, if its states can be compared at all.
func (t *trial) tryRestore() (Result, error) {
	if t.state != stateSnapshot {
		if t.state != stateNone {
			return Result{Verdict: Skipped, Text: "the reply to a request of its own can be inspected, not restored"}, nil
		}
		return unasked, nil
	}
	r, err := t.restore()
	if err != nil && t.ctx.Err() == nil && !errors.Is(err, ErrStart) {
		r, err = Result{Verdict: Note, Text: err.Error()}, nil
	}
	return r, err
}

// restore restores a state into a fresh child and compares the state of this child.
func (t *trial) restore() (Result, error) {
	before, given, requests, err := t.stateToRestore()
	if err != nil {
		return Result{}, err
	}
	how, got, fault := t.restoreAnyhow(given)
	switch {
	case fault != nil:
		return Result{Verdict: Note, Text: fault.Error(), Advice: `answer {"type":"restore","state":…} with {"type":"restore_ok"}; without that a cluster cannot go back to a snapshot`}, nil
	case compare(got, given, false) == different:
		a, b := apart(got, given, false)
		verdict := Note // perhaps its state changes by itself
		if t.found("exact", Works) {
			verdict = Not
		}
		return Result{
			Verdict: verdict, Text: fmt.Sprintf("a fresh child has another state after restore: %s, expected %s", a, b),
			Advice: "restore everything that is in the state, or leave it out of the state",
		}, nil
	case compare(before, given, false) != different:
		return Result{Verdict: Note, Text: "a state was restored, but every fresh child has the same one: nothing to compare", Advice: "name a --request that changes the state"}, nil
	}
	text := fmt.Sprintf("a fresh child that restored the state after %d requests has the same state", requests)
	if compare(got, given, false) == reordered {
		text += ", apart from the order of lists"
	}
	return t.longStates(Result{Verdict: Works, Text: text + how}, given), nil
}

// stateToRestore returns the state of a fresh child and its state after some requests.
func (t *trial) stateToRestore() (before, after []byte, requests int, err error) {
	h, err := t.host("restore", nil)
	if err != nil {
		return nil, nil, 0, err
	}
	defer h.close()
	var bodies []string
	if len(t.answered) > 0 {
		bodies = t.answered[0].take(0, min(restoreAfter, t.Burst))
	}
	fresh, err := h.state()
	if err != nil {
		return nil, nil, 0, err
	}
	after, err = h.after(bodies)
	return fresh.Bytes, after, len(bodies), err
}

// restoreAnyhow restores a state by a line, or else by a file, which is a setting then. It
// returns the state of the restored child.
func (t *trial) restoreAnyhow(given []byte) (how string, got []byte, err error) {
	got, err = t.restored(given)
	if err == nil || t.ctx.Err() != nil || errors.Is(err, ErrStart) {
		return "", got, err
	}
	t.restoreBy = byFile
	if fromFile, fault := t.restored(given); fault == nil && compare(fromFile, given, false) != different {
		return fmt.Sprintf(`; it takes its state from a file (restore_by = "file"), and not from a line: %v`, err), fromFile, nil
	}
	t.restoreBy = ""
	return "", nil, err
}

// restored restores a state into a fresh child and returns the state that this child has.
func (t *trial) restored(given []byte) ([]byte, error) {
	h, err := t.host("restore", given)
	if err != nil {
		return nil, err
	}
	defer h.close()
	got, err := h.state()
	if err != nil {
		return nil, fmt.Errorf("after restore: %w", err)
	}
	return got.Bytes, nil
}

// longStates adds to the result what happens to a state that the child cannot read as a line.
func (t *trial) longStates(r Result, given []byte) Result {
	if t.LineLimit == 0 || t.restoreBy == byFile {
		return r
	}
	t.restoreBy = byFile
	if got, err := t.restored(given); err == nil && compare(got, given, false) != different {
		r.Text += `; it takes a state of any length from a file (restore_by = "file")`
		return r
	}
	t.restoreBy = ""
	r.Text += fmt.Sprintf("; a state that needs a line of more than %d bytes (line_limit) cannot be restored", t.LineLimit)
	r.Advice = `to restore longer states, let it answer {"type":"restore","path":…} too, and read its state from this file: restore_by = "file"`
	return r
}

// found reports whether a condition that was tried before has a verdict.
func (t *trial) found(condition string, v Verdict) bool {
	return slices.ContainsFunc(t.report.Results, func(r Result) bool { return r.Condition == condition && r.Verdict == v })
}
