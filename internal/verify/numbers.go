package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// numbers counts message numbers and keeps the first few. It cannot keep all, because
// almost 2^64 can be missing.
type numbers struct {
	named []uint64
	count uint64
}

const numbersNamed = 4

// add adds first … last.
func (n *numbers) add(first, last uint64) {
	for seq := first; len(n.named) < numbersNamed; seq++ {
		n.named = append(n.named, seq)
		if seq == last {
			break
		}
	}
	n.count += last - first + 1
}

// numbersFault reports one fault for all the numbers, at the first of them.
func (c *checker) numbersFault(n numbers, what string) {
	if n.count == 0 {
		return
	}
	var also []string
	for _, seq := range n.named[1:] {
		also = append(also, fmt.Sprint(seq))
	}
	if len(also) > 0 {
		what += ", also " + strings.Join(also, ", ")
	}
	if more := n.count - uint64(len(n.named)); more > 0 {
		what += fmt.Sprintf(" and %d more", more)
	}
	start := len(c.report.Faults)
	c.fault("%s", what)
	c.locate(start, "", n.named[0])
}

// differences reports how the numbers in there, in the order of the document, differ
// from received+1 … sent in order. The caller must have checked received <= sent. The
// range can be as large as 2^64-1, so that no loop may go through its numbers.
func (c *checker) differences(there []run, received, sent uint64) {
	var outside, behind, doubled, absent numbers
	highest := uint64(0)
	for _, r := range there {
		if r.first <= received {
			outside.add(r.first, min(r.last, received))
		}
		if r.last > sent {
			outside.add(max(r.first, sent+1), r.last)
		}
		if r.first < highest {
			behind.add(r.first, min(r.last, highest-1))
		}
		highest = max(highest, r.last)
	}
	sorted := slices.SortedFunc(slices.Values(there), func(a, b run) int { return cmp.Compare(a.first, b.first) })
	through := received   // all of received+1 … through are there or in absent
	repeated := uint64(0) // the last one in doubled
	highest = 0
	for _, r := range sorted {
		if last := min(r.last, highest); r.first <= last && repeated < last {
			doubled.add(max(r.first, repeated+1), last)
			repeated = last
		}
		highest = max(highest, r.last)
		if r.first <= sent && r.last > through {
			if r.first > through && r.first-through > 1 {
				absent.add(through+1, r.first-1)
			}
			through = min(r.last, sent)
		}
	}
	if through < sent {
		absent.add(through+1, sent)
	}
	want := "none is in flight"
	if received < sent {
		want = fmt.Sprintf("%d to %d are in flight", received+1, sent)
	}
	c.numbersFault(absent, "is missing")
	c.numbersFault(outside, "is outside the cut ("+want+")")
	c.numbersFault(doubled, "is listed more than once")
	c.numbersFault(behind, "is out of order")
}
