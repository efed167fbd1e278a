package sim

import (
	"fmt"

	"chandy/snapshot"
)

// checkJournals checks the journals of a complete snapshot against its counts: what is in
// flight was sent before the recording and received after it, if at all.
func checkJournals(text []byte) error {
	g, err := snapshot.Decode(text)
	if err != nil || g.Journals == nil {
		return err
	}
	if len(g.Journals) != len(g.Processes) {
		return fmt.Errorf("got %d journals of %d processes, want one of each", len(g.Journals), len(g.Processes))
	}
	histories := map[snapshot.ProcessID]*history{}
	for _, j := range g.Journals {
		if histories[j.Process], err = newHistory(j); err != nil {
			return fmt.Errorf("journal of %s: %w", j.Process, err)
		}
	}
	for _, c := range g.Channels {
		from, to := histories[c.Channel.From], histories[c.Channel.To]
		if from.full || to.full {
			continue
		}
		peer, self := c.Channel.To, c.Channel.From
		for seq := c.Received + 1; seq <= c.Sent; seq++ {
			if at, ok := from.at[happening{snapshot.EventSent, peer, seq}]; !ok || at > from.cut {
				return fmt.Errorf("message %d on %s is in flight: got its sending at place %d of %s, want it before the recording at %d", seq, c.Channel, at, self, from.cut)
			}
		}
		for _, one := range []struct {
			h        *history
			e        happening
			before   bool
			required bool
		}{
			{from, happening{snapshot.EventSent, peer, c.Sent}, true, c.Sent > 0},
			{from, happening{snapshot.EventSent, peer, c.Sent + 1}, false, false},
			{from, happening{snapshot.EventMarkerSent, peer, c.Sent}, false, true},
			{to, happening{snapshot.EventReceived, self, c.Received}, true, c.Received > 0},
			{to, happening{snapshot.EventReceived, self, c.Received + 1}, false, false},
		} {
			at, ok := one.h.at[one.e]
			if ok && (at < one.h.cut) != one.before || one.required && !ok {
				return fmt.Errorf("%s: got %+v there %v, before the recording %v, want %v", c.Channel, one.e, ok, at < one.h.cut, one.before)
			}
		}
		if _, ok := to.at[happening{snapshot.EventMarkerReceived, self, c.Sent}]; !ok {
			return fmt.Errorf("%s: got no event of its marker at the receiver, want one", c.Channel)
		}
	}
	return nil
}

type happening struct {
	kind snapshot.EventKind
	peer snapshot.ProcessID
	seq  uint64
}

// history is a journal as a map.
type history struct {
	at   map[happening]int // place in the journal
	cut  int               // place of the recording
	full bool              // the ring may have lost older events: those of other snapshots take places too
}

func newHistory(j snapshot.Journal) (*history, error) {
	h := &history{at: map[happening]int{}, full: len(j.Events) >= 2048}
	for i, e := range j.Events {
		if e.Kind == snapshot.EventRecorded {
			h.cut = i
		}
		if i > 0 && e.At < j.Events[i-1].At {
			return nil, fmt.Errorf("event %d goes back in time", i)
		}
		key := happening{e.Kind, e.Peer, e.Seq}
		if _, twice := h.at[key]; twice {
			return nil, fmt.Errorf("%+v is there twice", key)
		}
		h.at[key] = i
	}
	if !h.full && j.Omitted > 0 {
		return nil, fmt.Errorf("%d events are left out, although there is room", j.Omitted)
	}
	return h, nil
}
