package try

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"chandy/internal/printable"
	"chandy/program"
)

// quiet is the pause between the last of several single requests and the request for the
// state. It is longer than a child must sleep to count as idle, so that the state also
// contains what the child does after its replies.
const quiet = 100 * time.Millisecond

// unasked is the result of a condition that requires a state, if there is none.
var unasked = Result{Verdict: Skipped, Text: "it is not asked for its state"}

// tryExact compares the states in snapshots with the states that they should contain.
func (t *trial) tryExact() (Result, error) {
	switch {
	case t.state == stateNone:
		return unasked, nil
	case len(t.answered) == 0:
		return unanswerable, nil
	}
	requests, err := t.changing()
	switch {
	case err != nil:
		return Result{}, err
	case requests == nil:
		return Result{
			Verdict: Unclear, Text: "the requests that it answers do not change its state: nothing to compare",
			Advice: `name a request that does: --request '{"type":"…","value":%d}', where %d counts up`,
		}, nil
	}
	t.answered = []series{*requests} // the best series from here on
	e, fault, err := t.rounds(*requests)
	switch {
	case err != nil:
		return Result{}, err
	case fault == nil:
		return Result{Verdict: Works, Text: t.counted(*requests, e)}, nil
	}
	return t.inexact(*requests, e, fault)
}

// rounds makes t.Rounds rounds and counts the exact ones. fault is the first round that
// is not exact, or nil.
func (t *trial) rounds(requests series) (e *Exactness, fault *round, err error) {
	e = &Exactness{Rounds: t.Rounds, Settled: map[string]int{}}
	for range t.Rounds {
		r, err := t.round(requests)
		if err != nil {
			return nil, nil, err
		}
		e.Settled[r.settled]++
		switch r.likeness {
		case different:
			fault = cmp.Or(fault, r)
			continue
		case reordered:
			e.Reordered++
		}
		e.Exact++
	}
	t.report.Exact = cmp.Or(t.report.Exact, e)
	return e, fault, nil
}

// counted describes how many rounds are exact.
func (t *trial) counted(requests series, e *Exactness) string {
	text := fmt.Sprintf("%d of %d snapshots in a burst of %d requests (%s) are exact, settled %s", e.Exact, e.Rounds, t.Burst, requests.name, e.settled())
	if e.Reordered > 0 {
		text += fmt.Sprintf("; in %d of them lists are in another order", e.Reordered)
	}
	return text
}

// settled formats the Settled counts.
func (e *Exactness) settled() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(e.Settled)) {
		all = append(all, fmt.Sprintf("%s (%d)", name, e.Settled[name]))
	}
	return strings.Join(all, ", ")
}

// changing returns the first series of requests that changes the state, or nil. It also
// reduces the burst for a slow child, unless the user has set it.
func (t *trial) changing() (*series, error) {
	for _, s := range t.answered {
		h, err := t.host("exact", nil)
		if err != nil {
			return nil, err
		}
		before, err := h.state()
		var after program.State
		begun := time.Now()
		if err == nil {
			err = h.oneByOne(s.take(0, few))
		}
		each := time.Since(begun) / few
		if err == nil {
			h.pause()
			after, err = h.state()
		}
		h.close()
		if err != nil {
			return nil, err
		}
		if compare(before.Bytes, after.Bytes, t.state != stateSnapshot) == different {
			if t.bounded {
				t.Burst = min(t.Burst, max(1, int(burstTime/max(each, 1))))
			}
			return &s, nil
		}
	}
	return nil, nil
}

const (
	few = 3 // requests that show whether they change the state
	// burstTime bounds the burst, unless the user has set it: its requests take at most
	// this long one after the other.
	burstTime = 5 * time.Second
)

// pause waits for the time quiet, or until the context ends.
func (h *host) pause() {
	select {
	case <-time.After(quiet):
	case <-h.ctx.Done():
	}
}

// round is the result of one snapshot in a burst.
type round struct {
	likeness
	settled   string // what the child reached before the snapshot
	cut       int    // requests before the snapshot
	got, want []byte // states of the snapshot and of the reference child
}

// round writes a burst to a child, takes its state as a node does, and lets the burst go
// on. The state should equal the state of another child that received the requests before
// the cut one at a time.
func (t *trial) round(requests series) (*round, error) {
	type started struct {
		*host
		err error
	}
	second := make(chan started, 1)
	go func() {
		h, err := t.host("exact", nil)
		second <- started{h, err}
	}()
	r, err := t.burst(requests)
	patient := <-second
	if patient.err != nil {
		return nil, cmp.Or(err, patient.err)
	}
	defer patient.close()
	if err != nil {
		return nil, err
	}
	want, err := patient.after(requests.take(0, r.cut))
	if err != nil {
		return nil, err
	}
	r.want = want
	r.likeness = compare(r.got, r.want, t.state != stateSnapshot)
	return r, nil
}

// after sends requests one at a time and returns the state afterwards.
func (h *host) after(bodies []string) ([]byte, error) {
	if err := h.oneByOne(bodies); err != nil {
		return nil, err
	}
	h.pause()
	s, err := h.state()
	return s.Bytes, err
}

// burst writes a burst to a fresh child, with a snapshot after t.Burst requests and as many
// requests after it. The round that it returns lacks the state to compare with.
func (t *trial) burst(requests series) (*round, error) {
	h, err := t.host("exact", nil)
	if err != nil {
		return nil, err
	}
	defer h.close()
	r := &round{}
	var state *program.State
	h.do(func() {
		h.child.cutAt = t.Burst
		h.child.cut = func() {
			r.cut = h.child.received
			h.child.capture(func(s program.State) { state = &s })
		}
		h.send(requests.take(0, 2*t.Burst))
	})
	if err := h.await(func() bool { return state != nil }); err != nil {
		return nil, fmt.Errorf("a burst of %d requests and a snapshot: %w", t.Burst, err)
	}
	if state.Error != "" {
		return nil, fmt.Errorf("a snapshot in a burst of %d requests: %s", t.Burst, state.Error)
	}
	if err := h.answered(); err != nil {
		return nil, fmt.Errorf("not every request of the burst is answered: %w", err)
	}
	r.settled, r.got = state.About.Settled, state.Bytes
	return r, nil
}

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
		Advice: "the usual cause is a thread (or task) for each line, and a reply before its effect: handle one line after the other, or reply after the effect",
	}
	if t.SettleTimeout > 0 || e.Settled["acknowledged+idle"] == e.Rounds {
		return result, nil
	}
	t.SettleTimeout = longSettle
	switch longer, fault, err := t.rounds(requests); {
	case err != nil:
		return Result{}, err
	case fault == nil:
		result.Text += fmt.Sprintf("; with settle_timeout = %q %s", longSettle, t.counted(requests, longer))
		result.Advice = fmt.Sprintf("settle_timeout = %q; perhaps it has a thread (or task) for each line: a program that handles one line after the other settles sooner", longSettle)
	default:
		t.SettleTimeout = 0
		result.Text += fmt.Sprintf("; with settle_timeout = %q %d of %d", longSettle, longer.Exact, longer.Rounds)
	}
	return result, nil
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
