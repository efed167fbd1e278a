package diagram

// columns puts each event in a column of logical time. Before the cut, the column of an event
// is the length of the longest path from it to the cut, negative. After the cut it is the
// length of the longest path from the cut. A path follows the events of a lane and the
// messages. So each message runs to the right, and all recordings have the column 0.
func (s *Story) columns() {
	c := &columner{Story: s, before: make([]int, len(s.Events)), next: make([][2]int, len(s.Events))}
	for _, l := range s.Lanes {
		events := l.Events
		for i, e := range events {
			c.next[e] = [2]int{-1, -1}
			if i+1 < len(events) {
				c.link(e, 0, events[i+1])
			}
		}
	}
	for _, m := range s.Messages {
		if m.Class == Past || m.Class == Future {
			c.link(m.Send, 1, m.Receive)
		}
	}
	c.number(c.order())
}

// columner holds the graph of the events while columns are found.
type columner struct {
	*Story
	next   [][2]int // on the lane, and by a message; -1 if there is none
	before []int    // edges to the event that are not ordered yet
}

func (c *columner) link(from, which, to int) {
	c.next[from][which] = to
	c.before[to]++
}

// order returns the events so that each stands before its effects. A damaged document may
// have messages in a circle. Then one of them is not followed.
func (c *columner) order() []int {
	order := make([]int, 0, len(c.next))
	first := make([]int, len(c.Lanes)) // of each lane, index of the first event without a place
	free := func(lane int, force bool) (placed bool) {
		events := c.Lanes[lane].Events
		for first[lane] < len(events) {
			e := events[first[lane]]
			if c.before[e] > 0 && !force {
				return placed
			}
			force, placed = false, true
			first[lane]++
			order = append(order, e)
			for which, to := range c.next[e] {
				if to >= 0 {
					c.before[to]--
					if which == 1 && c.placed(to, first) {
						c.next[e][1] = -1
						c.Loops++
					}
				}
			}
		}
		return placed
	}
	for len(order) < len(c.next) {
		moved := false
		for lane := range c.Lanes {
			moved = free(lane, false) || moved
		}
		for lane := 0; !moved; lane++ {
			moved = first[lane] < len(c.Lanes[lane].Events) && free(lane, true)
		}
	}
	return order
}

// placed reports whether an event was put in order before one of its causes.
func (c *columner) placed(e int, first []int) bool {
	lane := c.Lanes[c.Events[e].Lane].Events
	return first[c.Events[e].Lane] > e-lane[0]
}

// number finds the columns, from the events in order.
func (c *columner) number(order []int) {
	for i := len(order) - 1; i >= 0; i-- {
		e := &c.Events[order[i]]
		if e.Side >= 0 {
			continue
		}
		for _, to := range c.next[order[i]] {
			if to >= 0 {
				e.Column = min(e.Column, c.Events[to].Column)
			}
		}
		e.Column -= e.width()
	}
	for _, i := range order {
		e := &c.Events[i]
		if e.Side > 0 {
			e.Column += e.width()
		}
		for _, to := range c.next[i] {
			if to >= 0 && c.Events[to].Side > 0 {
				c.Events[to].Column = max(c.Events[to].Column, e.Column)
			}
		}
	}
}

// width returns how many columns an event takes. Markers are not drawn in logical time.
func (e *Event) width() int {
	if e.Kind == Sent || e.Kind == Received {
		return 1
	}
	return 0
}
