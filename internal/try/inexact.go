package try

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"chandy/internal/printable"
)

// inexact finds out why round r is not exact. Either the program itself is not
// deterministic, which leaves nothing to compare with, or its snapshots are wrong. Then
// inexact also checks whether a longer settle_timeout helps.
func (t *trial) inexact(requests series, e *Exactness, r *round) (Result, error) {
	h, err := t.host("exact", nil)
	if err != nil {
		return Result{}, err
	}
	defer h.close()
	again, err := h.after(requests.take(0, r.cut))
	if err != nil {
		return Result{}, err
	}
	if compare(again, r.want, t.state != stateSnapshot) == different {
		a, b := apart(r.want, again, t.state != stateSnapshot)
		return Result{
			Verdict: Unclear,
			Text:    fmt.Sprintf("two children that got the same %d requests one at a time have different states, %s and %s: nothing to compare with", r.cut, a, b),
			Advice:  "does the state contain a time or something random? leave it out, or try another --request",
		}, nil
	}
	got, want := apart(r.got, r.want, t.state != stateSnapshot)
	result := Result{
		Verdict: Not,
		Text: fmt.Sprintf("%s; in one of them (settled %s) the state after %d requests is %s, expected %s",
			t.counted(requests, e), r.settled, r.cut, got, want),
	}
	advice, slow := t.cause(e, r)
	result.Advice = advice
	if len(r.underWay) > 0 {
		result.Verdict = Unclear
	}
	if !slow || t.SettleTimeout > 0 {
		return result, nil
	}
	t.SettleTimeout = longSettle
	switch longer, fault, err := t.rounds(requests); {
	case err != nil:
		return Result{}, err
	case fault == nil:
		result.Text += fmt.Sprintf("; with settle_timeout = %q %s", longSettle, t.counted(requests, longer))
		result.Advice = fmt.Sprintf("settle_timeout = %q; it must be shorter than the time-outs of the program's own requests; a program that handles one line after the other needs none", longSettle)
	default:
		t.SettleTimeout = 0
		result.Text += fmt.Sprintf("; with settle_timeout = %q %d of %d", longSettle, longer.Exact, longer.Rounds)
	}
	return result, nil
}

// cause returns advice on what makes round r not exact. It reports whether the child may
// only have settled too slowly.
func (t *trial) cause(e *Exactness, r *round) (advice string, slow bool) {
	t.mu.Lock()
	asks := strings.Join(slices.Sorted(maps.Keys(t.services)), ", ")
	t.mu.Unlock()
	if t.Nodes > 1 {
		asks = cmp.Or(asks, "other processes")
	}
	settled := e.Settled["acknowledged+idle"] == e.Rounds
	switch {
	case len(r.underWay) > 0: // the effects that the state lacks may follow from this work
		return fmt.Sprintf("what is missing may follow from %s after a restore; then the state is exact, but try cannot find that out", strings.Join(r.underWay, ", ")), !settled
	case r.open > 0 && asks != "": // their replies are held during a snapshot, however long it is
		return fmt.Sprintf("%d requests had no reply then: if it asks %s between a request and its effect, a half-done request is not in its state; note each request in the state before asking (docs/snapshotable.md, Threads)", r.open, asks), false
	case settled:
		return "every request was answered and every thread slept, so a thread at work is not the cause: does an effect come later, on a timer or after an await, or is a line lost when several come at once?", false
	}
	return "if it has a thread (or task) for each line, it replies before the effect, or answers the request for its state before the effect of an earlier line: handle one line after the other, or reply after the effect; " +
		"if it has one thread, does an effect come later, on a timer or after an await?", true
}

const longSettle = 2 * time.Second // settle_timeout that may help a child that is not exact

// apart returns the piece of each state in which the two begin to differ. Lists are sorted
// first, so that their order makes no difference.
func apart(a, b []byte, reply bool) (string, string) {
	x, y := encoded(unordered(decoded(a, reply))), encoded(unordered(decoded(b, reply)))
	const before, after = 16, 48
	from := 0
	for from < len(x) && from < len(y) && x[from] == y[from] {
		from++
	}
	piece := func(s string) string {
		begin, text := max(0, from-before), ""
		if begin > 0 {
			text = "…"
		}
		return text + printable.Start([]byte(s[min(begin, len(s)):]), before+after)
	}
	return piece(x), piece(y)
}
