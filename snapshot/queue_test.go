package snapshot

// queues numbers the contents of channels: what is on the wire, messages and
// markers in order. Queue 0 is the empty one. A message stands without its number,
// which is the next one: channels lose and reorder nothing.
type queues struct {
	overtake bool // a planted fault: a message goes before the marker at the end
	items    [][]uint8
	numbers  map[string]uint16
	pushed   [][markersMax]uint16 // by the item; 0: not computed yet, no push makes an empty queue
	popped   []uint16
}

// message is the item that stands for a message; others are markers.
const message = 0

func newQueues(overtake bool) queues {
	q := queues{overtake: overtake, numbers: map[string]uint16{}}
	q.intern(nil)
	return q
}

func (q *queues) head(queue uint16) (item uint8, ok bool) {
	if queue == 0 {
		return 0, false
	}
	return q.items[queue][0], true
}

func (q *queues) pop(queue uint16) uint16 { return q.popped[queue] }

func (q *queues) push(queue uint16, item uint8) uint16 {
	if to := q.pushed[queue][item]; to != 0 {
		return to
	}
	old := q.items[queue]
	items := append(append(make([]uint8, 0, len(old)+1), old...), item)
	if n := len(items); q.overtake && item == message && n > 1 && items[n-2] != message {
		items[n-1], items[n-2] = items[n-2], items[n-1]
	}
	to := q.intern(items)
	q.pushed[queue][item] = to
	return to
}

func (q *queues) intern(items []uint8) uint16 {
	if number, ok := q.numbers[string(items)]; ok {
		return number
	}
	var rest uint16
	if len(items) > 0 {
		rest = q.intern(items[1:])
	}
	number := uint16(len(q.items))
	q.numbers[string(items)] = number
	q.items = append(q.items, items)
	q.pushed = append(q.pushed, [markersMax]uint16{})
	q.popped = append(q.popped, rest)
	return number
}
