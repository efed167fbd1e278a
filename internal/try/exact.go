package try

import (
	"cmp"
	"errors"
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
	if r, ok := stateless(err); ok {
		return r, nil
	}
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
	if r, ok := stateless(err); ok {
		return r, nil
	}
	switch {
	case err != nil:
		return Result{}, err
	case fault == nil:
		return Result{Verdict: Works, Text: t.counted(*requests, e)}, nil
	}
	return t.inexact(*requests, e, fault)
}

// stateless returns the result for a child that did not answer the request for its state in
// a snapshot.
func stateless(err error) (Result, bool) {
	var missing *stateError
	if !errors.As(err, &missing) {
		return Result{}, false
	}
	return Result{
		Verdict: Not, Text: err.Error(),
		Advice: "never hold a lock while waiting for a reply, and answer from what the program has: docs/snapshotable.md, Common mistakes",
	}, true
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
		for _, name := range r.underWay {
			if !slices.Contains(e.UnderWay, name) {
				e.UnderWay = append(e.UnderWay, name)
			}
		}
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
	if len(e.UnderWay) > 0 {
		text += fmt.Sprintf("; not compared: %s, with work under way, which is empty in a program at rest", printable.Start([]byte(strings.Join(e.UnderWay, ", ")), quoteMax))
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
	underWay  []string // members of the state that are not compared: see restless
	settled   string   // what the child reached before the snapshot
	open      uint64   // requests without a reply at the snapshot
	cut       int      // requests before the snapshot
	got, want []byte   // states of the snapshot and of the reference child
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
	x, y := decoded(r.got, t.state != stateSnapshot), decoded(r.want, t.state != stateSnapshot)
	r.underWay = restless(x, y)
	slices.Sort(r.underWay)
	r.likeness = alike(x, y)
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
		return nil, fmt.Errorf("a snapshot in a burst of %d requests: %w", t.Burst, &stateError{state.Error})
	}
	if err := h.answered(); err != nil {
		return nil, fmt.Errorf("not every request of the burst is answered: %w", err)
	}
	r.settled, r.open, r.got = state.About.Settled, state.About.Unanswered, state.Bytes
	return r, nil
}
