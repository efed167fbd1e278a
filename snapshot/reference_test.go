package snapshot

import (
	"fmt"
	"slices"

	"chandy/internal/explore"
)

// The reference is slow and obvious. It takes nothing from the Recorder but the states
// and the messages in the finished snapshot.

// checkCut checks that the recorded states and channel states are a consistent cut:
// no message is received in it that is not sent in it, and the state of a
// channel is the messages sent in it without those received in it, in order (Chandy & Lamport
// 1985, section 3.1). Which sends and receives a state includes is read from the
// state itself, see programState. In a partial snapshot it checks the parts that
// are there.
func checkCut(t *Topology, g *Global) *explore.Finding {
	sent, received := map[Channel]uint64{}, map[Channel]uint64{}
	there := map[ProcessID]bool{}
	for _, p := range g.Processes {
		there[p.ID] = true
		counts := parseState(p.State.Bytes)
		for i, to := range t.Out(p.ID) {
			sent[Channel{p.ID, to}] = counts[i]
		}
		for i, from := range t.In(p.ID) {
			received[Channel{from, p.ID}] = counts[len(t.Out(p.ID))+i]
		}
	}
	for _, c := range g.Channels {
		if !there[c.Channel.From] || !there[c.Channel.To] {
			if c.Known {
				return explore.Findingf(checkReference, "%s is known without both its ends", c.Channel)
			}
			continue
		}
		s, r := sent[c.Channel], received[c.Channel]
		if r > s {
			return explore.Findingf(checkReference, "%s: the states include %d receives and %d sends", c.Channel, r, s)
		}
		var want []string
		for seq := r + 1; seq <= s; seq++ {
			want = append(want, string(payload(c.Channel, seq)))
		}
		if got := payloads(c.Messages); c.Known && !slices.Equal(got, want) {
			return explore.Findingf(checkReference, "%s: got %q recorded, want %q as in flight by the states", c.Channel, got, want)
		}
	}
	return nil
}

// payloads returns the payloads of all messages, in order.
func payloads(batches []Batch) (all []string) {
	for _, b := range batches {
		for _, payload := range b.All() {
			all = append(all, string(payload))
		}
	}
	return all
}

// action is an event of a program in a run: it sends a message, or receives it.
type action struct {
	channel  Channel
	receives bool
	message  string // what was sent or received when it happened
	after    bool   // the recording of its process
}

// machine is the simplest distributed system: a list of messages for each channel
// and, for each process, how many it sent and received.
type machine struct {
	topology       *Topology
	contents       map[Channel][]string
	sent, received map[Channel]int
}

func newMachine(t *Topology) *machine {
	return &machine{t, map[Channel][]string{}, map[Channel]int{}, map[Channel]int{}}
}

// run lets actions happen. It returns an error if one of them cannot happen now.
func (m *machine) run(actions []action) error {
	for _, a := range actions {
		queue := m.contents[a.channel]
		switch {
		case !a.receives:
			m.contents[a.channel] = append(slices.Clip(queue), a.message)
			m.sent[a.channel]++
		case len(queue) == 0:
			return fmt.Errorf("%s is received on %s, which is empty", a.message, a.channel)
		case queue[0] != a.message:
			return fmt.Errorf("%s is received on %s, whose head is %s", a.message, a.channel, queue[0])
		default:
			m.contents[a.channel] = queue[1:]
			m.received[a.channel]++
		}
	}
	return nil
}

// state returns the state of a program as programState renders it.
func (m *machine) state(id ProcessID) string {
	b := []byte("sent")
	for _, to := range m.topology.Out(id) {
		b = fmt.Append(b, " ", m.sent[Channel{id, to}])
	}
	b = append(b, ", received"...)
	for _, from := range m.topology.In(id) {
		b = fmt.Append(b, " ", m.received[Channel{from, id}])
	}
	return string(b)
}

// checkReordered is the theorem of Chandy & Lamport 1985, section 4: the events of
// the run, those before the recording of their process first and then the others,
// are also a run; it ends in the same state, and after the first half it is in the
// recorded one. So the snapshot S* can be reached from where the run began, and
// where it ended can be reached from S*.
func checkReordered(t *Topology, g *Global, history []action) *explore.Finding {
	before := slices.DeleteFunc(slices.Clone(history), func(a action) bool { return a.after })
	after := slices.DeleteFunc(slices.Clone(history), func(a action) bool { return !a.after })
	original, reordered := newMachine(t), newMachine(t)
	if err := original.run(history); err != nil {
		return explore.Findingf(checkRun, "the original run cannot happen: %v", err)
	}
	if err := reordered.run(before); err != nil {
		return explore.Findingf(checkRun, "before the snapshot: %v", err)
	}
	for _, p := range g.Processes {
		if got := string(p.State.Bytes); got != reordered.state(p.ID) {
			return explore.Findingf(checkRun, "%s recorded %q, but in the reordered run it is in state %q", p.ID, got, reordered.state(p.ID))
		}
	}
	for _, c := range g.Channels {
		if got := payloads(c.Messages); !slices.Equal(got, reordered.contents[c.Channel]) {
			return explore.Findingf(checkRun, "%s holds %q, but in the reordered run %q", c.Channel, got, reordered.contents[c.Channel])
		}
	}
	if err := reordered.run(after); err != nil {
		return explore.Findingf(checkRun, "after the snapshot: %v", err)
	}
	for _, id := range t.Processes {
		if original.state(id) != reordered.state(id) {
			return explore.Findingf(checkRun, "%s ends in %q, reordered in %q", id, original.state(id), reordered.state(id))
		}
	}
	return nil
}

// checkRun checks the run that led here, reordered around snapshot k.
func (x *explorer) checkRun(k int, g *Global) *explore.Finding {
	return checkReordered(x.topology, g, x.history(k))
}

// history returns what the programs did on the path, and on which side of the
// recording of snapshot k.
func (x *explorer) history(k int) (all []action) {
	w := x.begin()
	for _, s := range x.Path {
		before := x.node(w, s.process).local
		x.take(&w, s)
		a := action{after: before.recorded(k)}
		switch s.event.kind {
		case sends:
			a.channel = x.topology.Channels[x.outChannel[s.process][s.event.arg]]
			a.message = string(payload(a.channel, before.sent[s.event.arg]+1))
		case receives:
			a.channel, a.receives = x.topology.Channels[x.inChannel[s.process][s.event.arg]], true
			_, message := before.clone().receive(a.channel.From)
			a.message = string(message)
		default:
			continue
		}
		all = append(all, a)
	}
	return all
}

// recorded reports whether the process has recorded its state for snapshot k.
func (l *local) recorded(k int) bool {
	return slices.ContainsFunc(l.pieces[k], func(p Piece) bool { _, ok := p.(Recorded); return ok })
}
