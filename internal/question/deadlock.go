package question

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chandy/snapshot"
)

// waiting is who waits for whom.
type waiting = map[snapshot.ProcessID][]snapshot.ProcessID

// Deadlocked reports whether processes wait for each other in a circle. A process in waits
// waits for all processes of its list, and goes on only when each of them has sent it
// something.
//
// A message that is in flight from q to p may be what p waits for. So the wait of p for q is
// certain only if the channel q->p is empty. The answer is Yes if there is a circle of
// certain waits, and Unknown if there is only a circle with others.
func Deadlocked(g *snapshot.Global, waits waiting) Answer {
	if why := strangers(g, waits); why != "" {
		return unknown("%s", why)
	}
	if circle := findCircle(certain(g, waits)); circle != nil {
		return Answer{Verdict: Yes, Witness: []string{renderCircle(circle)}}
	}
	if circle := findCircle(waits); circle != nil {
		return unknown("%s wait for each other, but what one of them waits for may be on its way: %s",
			renderCircle(circle), few(between(g, circle)))
	}
	return no(g)
}

// DeadlockedAny reports whether there is a knot: a set of processes that wait, and of which
// each waits only for processes of the set. A process in waits goes on as soon as one process
// of its list has sent it something. A message in flight counts as in [Deadlocked].
func DeadlockedAny(g *snapshot.Global, waits waiting) Answer {
	if why := strangers(g, waits); why != "" {
		return unknown("%s", why)
	}
	released := map[snapshot.ProcessID]bool{}
	for p, others := range waits {
		for _, q := range others {
			released[p] = released[p] || !empty(g, q, p)
		}
	}
	if knot := findKnot(waits, released); len(knot) > 0 {
		return Answer{Verdict: Yes, Witness: renderWaits(waits, knot)}
	}
	if knot := findKnot(waits, nil); len(knot) > 0 {
		return unknown("%s wait only for each other, but what one of them waits for may be on its way: %s", few(knot), few(into(g, knot)))
	}
	return no(g)
}

// no returns No, or Unknown if parts of the snapshot are missing.
func no(g *snapshot.Global) Answer {
	if !g.Complete() {
		return unknown("%s", missing(g))
	}
	return Answer{Verdict: No}
}

// strangers says which process waits for somebody who is no process, or returns "".
func strangers(g *snapshot.Global, waits waiting) string {
	known := processes(g)
	for _, p := range slices.Sorted(maps.Keys(waits)) {
		for _, q := range waits[p] {
			if !known[q] {
				return fmt.Sprintf("%s waits for %q, which is no process of the cluster", p, string(q))
			}
		}
	}
	return ""
}

// certain returns the waits for processes from which nothing is on its way.
func certain(g *snapshot.Global, waits waiting) waiting {
	sure := waiting{}
	for p, others := range waits {
		for _, q := range others {
			if empty(g, q, p) {
				sure[p] = append(sure[p], q)
			}
		}
	}
	return sure
}

// findCircle returns processes of which each waits for the next, and the last for the first,
// or nil. It takes the first in the order of the ids.
func findCircle(waits waiting) []snapshot.ProcessID {
	const (
		onPath = 1
		done   = 2
	)
	state := map[snapshot.ProcessID]int{}
	var path, circle []snapshot.ProcessID
	var walk func(p snapshot.ProcessID)
	walk = func(p snapshot.ProcessID) {
		state[p] = onPath
		path = append(path, p)
		for _, q := range slices.Sorted(slices.Values(waits[p])) {
			switch {
			case circle != nil:
				return
			case state[q] == onPath:
				circle = slices.Clone(path[slices.Index(path, q):])
			case state[q] == 0:
				walk(q)
			}
		}
		path = path[:len(path)-1]
		state[p] = done
	}
	for _, p := range slices.Sorted(maps.Keys(waits)) {
		if state[p] == 0 && circle == nil {
			walk(p)
		}
	}
	return circle
}

// findKnot returns the largest set of processes that wait, that are not released, and of
// which each waits only for processes of the set.
func findKnot(waits waiting, released map[snapshot.ProcessID]bool) []snapshot.ProcessID {
	knot := map[snapshot.ProcessID]bool{}
	for p, others := range waits {
		if len(others) > 0 && !released[p] {
			knot[p] = true
		}
	}
	for changed := true; changed; {
		changed = false
		for p := range knot {
			if slices.ContainsFunc(waits[p], func(q snapshot.ProcessID) bool { return !knot[q] }) {
				delete(knot, p)
				changed = true
			}
		}
	}
	return slices.Sorted(maps.Keys(knot))
}

// empty reports whether nothing is in flight from one process to another. If there is no
// channel, nothing can be.
func empty(g *snapshot.Global, from, to snapshot.ProcessID) bool {
	c := channel(g, from, to)
	return c == nil || c.Known && c.Sent == c.Received
}

func channel(g *snapshot.Global, from, to snapshot.ProcessID) *snapshot.ChannelState {
	i, ok := slices.BinarySearchFunc(g.Channels, snapshot.Channel{From: from, To: to},
		func(c snapshot.ChannelState, name snapshot.Channel) int { return c.Channel.Compare(name) })
	if !ok {
		return nil
	}
	return &g.Channels[i]
}

// between says what is in flight against the waits of a circle.
func between(g *snapshot.Global, circle []snapshot.ProcessID) []string {
	var all []string
	for i, p := range circle {
		if q := circle[(i+1)%len(circle)]; !empty(g, q, p) {
			all = append(all, inFlight(*channel(g, q, p)))
		}
	}
	return all
}

// into says what is in flight to processes.
func into(g *snapshot.Global, to []snapshot.ProcessID) []string {
	var all []string
	for _, c := range g.Channels {
		if slices.Contains(to, c.Channel.To) && !(c.Known && c.Sent == c.Received) {
			all = append(all, inFlight(c))
		}
	}
	return all
}

// inFlight says what is in flight on a channel, for people.
func inFlight(c snapshot.ChannelState) string {
	switch n := c.Sent - c.Received; {
	case !c.Known:
		return fmt.Sprintf("%s is unknown", c.Channel)
	case c.Sent < c.Received:
		return fmt.Sprintf("more was received on %s than sent", c.Channel)
	case n == 1:
		return fmt.Sprintf("message %d on %s", c.Sent, c.Channel)
	default:
		return fmt.Sprintf("messages %d to %d on %s", c.Received+1, c.Sent, c.Channel)
	}
}

// renderCircle writes a circle: p1 -> p2 -> p1.
func renderCircle(circle []snapshot.ProcessID) string {
	var text strings.Builder
	for _, p := range circle {
		text.WriteString(string(p) + " -> ")
	}
	return text.String() + string(circle[0])
}

// renderWaits writes for whom each of a few processes waits.
func renderWaits(waits waiting, of []snapshot.ProcessID) []string {
	var all []string
	for _, p := range of {
		all = append(all, fmt.Sprintf("%s waits for %s", p, few(slices.Sorted(slices.Values(waits[p])))))
	}
	return all
}
