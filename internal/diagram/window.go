package diagram

import "cmp"

// window returns how many columns before and after the cut are drawn, at most columns in all
// and at most most on one side.
// It grows from the cut outwards, as long as there is room for columns and events.
func (s *Story) window(columns, most int) (before, after int) {
	var counts [2][]int // events in column 1, 2, … before and after the cut
	for i := range s.Events {
		e := &s.Events[i]
		if e.Side == 0 {
			continue
		}
		side, n := (e.Side+1)/2, max(e.Column, -e.Column)
		for len(counts[side]) <= n {
			counts[side] = append(counts[side], 0)
		}
		counts[side][n]++
	}
	reach := [2]int{}
	events, eventsMax := 0, cmp.Or(s.EventsMax, EventsMost)
	for grown := true; grown; {
		grown = false
		for side := range reach {
			next := reach[side] + 1
			if reach[0]+reach[1] < columns && next <= most && next < len(counts[side]) && events+counts[side][next] <= eventsMax {
				reach[side] = next
				events += counts[side][next]
				grown = true
			}
		}
	}
	return max(reach[0], 1), max(reach[1], 1)
}

// limit leaves out the events beyond the window. An end of an arrow over the cut stays, in
// the first column outside.
func (s *Story) limit(before, after int) {
	s.OutOfSight = 0
	keep := make([]bool, len(s.Messages))
	for i, m := range s.Messages {
		keep[i] = m.Class >= InFlight || s.inside(m.Send, before, after) && s.inside(m.Receive, before, after)
	}
	for l := range s.Lanes {
		events := s.Lanes[l].Events[:0]
		for _, i := range s.Lanes[l].Events {
			e := &s.Events[i]
			switch {
			case s.inside(i, before, after):
			case e.Message >= 0 && s.Messages[e.Message].Class >= InFlight:
				e.Column = max(-before-1, min(e.Column, after+1))
			default:
				s.OutOfSight++
				continue
			}
			events = append(events, i)
		}
		s.Lanes[l].Events = events
	}
	s.keepMessages(keep)
}

// thin leaves out arrows over the cut if there are more than most. Arrows that contradict the
// cut stay rather than others, and recorded messages rather than messages that are only in
// journals.
func (s *Story) thin(most int) {
	keep := make([]bool, len(s.Messages))
	s.Dropped = 0
	for _, class := range []Class{Past, Future, Wrong, InFlight, Unrecorded} {
		for i, m := range s.Messages {
			switch {
			case m.Class != class:
			case class < InFlight:
				keep[i] = true
			case most > 0:
				keep[i] = true
				most--
			default:
				s.Dropped++
			}
		}
	}
	s.keepMessages(keep)
}

// keepMessages leaves out the messages that are not to be kept.
func (s *Story) keepMessages(keep []bool) {
	messages := s.Messages[:0]
	moved := make([]int, len(s.Messages))
	for i, m := range s.Messages {
		moved[i] = -1
		if keep[i] {
			moved[i] = len(messages)
			messages = append(messages, m)
		}
	}
	s.Messages = messages
	for i := range s.Events {
		if e := &s.Events[i]; e.Message >= 0 {
			e.Message = moved[e.Message]
		}
	}
}

func (s *Story) inside(event, before, after int) bool {
	c := s.Events[event].Column
	return -before <= c && c <= after
}
