package core

import (
	"container/heap"
	"time"
)

// timers is a heap of functions that are called at their times. Functions with the same
// time are called in the order in which they were added.
type timers struct {
	heap  timerHeap
	count uint64
}

type timer struct {
	heap  *timerHeap
	index int // in the heap; -1 once it has fired or was cancelled
	at    time.Duration
	order uint64
	f     func()
}

func (t *timers) add(at time.Duration, f func()) *timer {
	t.count++
	one := &timer{heap: &t.heap, at: at, order: t.count, f: f}
	heap.Push(&t.heap, one)
	return one
}

// pending reports whether the function will still be called. It is false for a nil
// timer.
func (t *timer) pending() bool { return t != nil && t.index >= 0 }

// cancel prevents the call and frees the function. On a nil timer it does nothing.
func (t *timer) cancel() {
	if t.pending() {
		heap.Remove(t.heap, t.index)
	}
}

// next returns the time of the first call, if there is one.
func (t *timers) next() (time.Duration, bool) {
	if len(t.heap) == 0 {
		return 0, false
	}
	return t.heap[0].at, true
}

// fire calls all functions that are due, including those that are added meanwhile.
func (t *timers) fire(now time.Duration) {
	for t.fireOne(now) {
	}
}

// fireOne calls the first function that is due. It reports whether there was one.
func (t *timers) fireOne(now time.Duration) bool {
	if at, ok := t.next(); !ok || at > now {
		return false
	}
	f := heap.Pop(&t.heap).(*timer).f
	f()
	return true
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	one := x.(*timer)
	one.index = len(*h)
	*h = append(*h, one)
}
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	last.index = -1
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
