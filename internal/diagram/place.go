package diagram

import (
	"slices"

	"chandy/snapshot"
)

// track is the events of a lane while they are collected.
type track struct {
	sides [2][]Event // before and after the recording, in order
	own   Event      // the recording
}

// place puts the events of the journals on their lanes. An end of a run that is not in a
// journal gets an implied event.
func (s *Story) place(runs []run) {
	tracks := make([]track, len(s.Lanes))
	for i := range s.Lanes {
		tracks[i] = s.newTrack(i)
	}
	for i, r := range runs {
		from, to := s.lane(r.channel.From), s.lane(r.channel.To)
		if from < 0 || to < 0 {
			continue
		}
		sent, received := 0, 1
		if r.back {
			sent, received = 1, 0
		}
		tracks[from].end(r, i, from, Sent, sent)
		tracks[to].end(r, i, to, Received, received)
	}
	for i := range tracks {
		t := &tracks[i]
		for _, list := range [][]Event{t.sides[0], {t.own}, t.sides[1]} {
			for _, e := range list {
				s.Lanes[i].Events = append(s.Lanes[i].Events, len(s.Events))
				s.Events = append(s.Events, e)
			}
		}
	}
}

// newTrack returns the events of a lane that are in its journal.
func (s *Story) newTrack(lane int) track {
	t := track{own: Event{Entry: Entry{Kind: Recorded}, Lane: lane, Message: -1}}
	j := s.Journals[s.Lanes[lane].ID]
	if j == nil {
		return t
	}
	side := 0
	for _, entry := range j.Events {
		if entry.Kind == Recorded {
			t.own.Entry = entry
			side = 1
			continue
		}
		t.sides[side] = append(t.sides[side], Event{Entry: entry, Lane: lane, Side: 2*side - 1, Message: -1})
	}
	return t
}

// end marks the event at which a run is sent or received. Of a group, that is the one
// nearest to the cut, and the others are removed: the arrow stands for all of them.
func (t *track) end(r run, index, lane int, kind Kind, side int) {
	peer := r.channel.To
	if kind == Received {
		peer = r.channel.From
	}
	of := func(e *Event) bool {
		return e.Kind == kind && e.Peer == peer && e.Seq >= r.first && e.Seq-r.first < r.count
	}
	list := t.sides[side]
	found := -1
	for i := range list {
		if of(&list[i]) && (found < 0 || kind == Sent) {
			found = i
		}
	}
	if found < 0 {
		t.imply(r, index, lane, kind, peer, side)
		return
	}
	list[found].run = index + 1
	t.sides[side] = slices.DeleteFunc(list, func(e Event) bool { return of(&e) && e.run == 0 })
}

// imply adds the event of a run that is in no journal. The order of the channel says
// between which events it stands; otherwise it comes after all events of its side.
func (t *track) imply(r run, index, lane int, kind Kind, peer snapshot.ProcessID, side int) {
	seq := r.first
	if kind == Sent {
		seq = r.first + r.count - 1
	}
	list := t.sides[side]
	at := slices.IndexFunc(list, func(e Event) bool { return e.Kind == kind && e.Peer == peer && e.Seq > seq })
	if at < 0 {
		at = len(list)
	}
	e := Event{Entry: Entry{Kind: kind, Peer: peer, Seq: seq}, Lane: lane, Side: 2*side - 1, Implied: true, Message: -1, run: index + 1}
	t.sides[side] = slices.Insert(list, at, e)
}

// numbered names a message.
type numbered struct {
	channel snapshot.Channel
	seq     uint64
}

// match finds the two ends of each message that has both.
func (s *Story) match(runs []run) {
	byRun := make([]int, len(runs)) // index of the message plus 1
	sent := map[numbered]int{}
	for i := range s.Events {
		e := &s.Events[i]
		switch {
		case e.run > 0:
			r := &runs[e.run-1]
			m := byRun[e.run-1] - 1
			if m < 0 {
				m = len(s.Messages)
				s.Messages = append(s.Messages, Message{r.channel, r.first, r.count, r.class, -1, -1, r.payloads, r.sign})
				byRun[e.run-1] = m + 1
			}
			s.attach(m, i)
		case e.Kind == Sent:
			sent[numbered{s.channel(e), e.Seq}] = i
		}
	}
	known := map[snapshot.Channel]bool{}
	for _, c := range s.Channels {
		known[c.Channel] = c.Known && s.comparable(c)
	}
	for i := range s.Events {
		e := &s.Events[i]
		if e.Kind != Received || e.run > 0 {
			continue
		}
		key := numbered{s.channel(e), e.Seq}
		if from, ok := sent[key]; ok {
			delete(sent, key) // a damaged journal may have two receptions
			class := classify(s.Events[from].Side, e.Side, known[key.channel])
			s.Messages = append(s.Messages, Message{key.channel, e.Seq, 1, class, -1, -1, nil, Single})
			s.attach(len(s.Messages)-1, from)
			s.attach(len(s.Messages)-1, i)
		}
	}
}

// classify returns the class of a message that is in no run.
func classify(sent, received int, known bool) Class {
	switch {
	case sent < 0 && received < 0:
		return Past
	case sent > 0 && received > 0:
		return Future
	case sent < 0 && !known:
		return Unrecorded
	}
	return Wrong
}

func (s *Story) attach(message, event int) {
	e := &s.Events[event]
	e.Message = message
	if e.Kind == Sent {
		s.Messages[message].Send = event
	} else {
		s.Messages[message].Receive = event
	}
}

// channel returns the channel of a message that an event sends or receives.
func (s *Story) channel(e *Event) snapshot.Channel {
	own := s.Lanes[e.Lane].ID
	if e.Kind == Received {
		return snapshot.Channel{From: e.Peer, To: own}
	}
	return snapshot.Channel{From: own, To: e.Peer}
}
