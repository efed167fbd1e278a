package snapshot

import (
	"slices"

	"chandy/internal/explore"
)

// queues numbers the contents of channels: the messages and markers on the wire, in
// order. Queue 0 is the empty one. A message stands without its number, which is the
// next one: channels lose and reorder nothing.
type queues struct {
	overtake bool // a planted fault: a message overtakes the marker before it
	explore.Table[*queue]
}

type queue struct {
	items  []uint8
	pushed explore.Memo[uint8, uint16] // by the item
	popped uint16                      // the queue without its head
}

// message is the item that stands for a message; others are markers.
const message = 0

func newQueues(overtake bool) queues {
	q := queues{overtake: overtake}
	q.number(nil)
	return q
}

func (q *queues) head(number uint16) (item uint8, ok bool) {
	if number == 0 {
		return 0, false
	}
	return q.All[number].items[0], true
}

func (q *queues) pop(number uint16) uint16 { return q.All[number].popped }

func (q *queues) push(number uint16, item uint8) uint16 {
	old := q.All[number]
	if to := old.pushed.Find(item); to != nil {
		return *to
	}
	items := append(slices.Clip(old.items), item)
	if n := len(items); q.overtake && item == message && n > 1 && items[n-2] != message {
		items[n-1], items[n-2] = items[n-2], items[n-1]
	}
	return *old.pushed.Add(item, q.number(items))
}

func (q *queues) number(items []uint8) uint16 {
	return uint16(q.Number(items, func() *queue {
		one := &queue{items: items}
		if len(items) > 0 {
			one.popped = q.number(items[1:])
		}
		return one
	}))
}
