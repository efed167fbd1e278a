package snapshot

import (
	"fmt"
	"slices"
	"time"
)

// Assemble makes the global snapshot from what has come. elapsed is the time since the
// start of the snapshot. If the state of a process has not come and the process has not failed, why
// returns the reason; a nil why means PartNotReceived.
func (c *Collector) Assemble(elapsed time.Duration, why func(ProcessID) (Reason, string)) *Global {
	g := &Global{
		ID: c.plan.ID, Cluster: c.plan.Cluster, Epoch: c.plan.Epoch, Initiators: c.plan.Initiators,
		StartedAt: c.plan.StartedAt, Elapsed: elapsed,
		Processes: make([]ProcessState, 0, len(c.plan.Topology.Processes)),
		Channels:  make([]ChannelState, 0, len(c.plan.Topology.Channels)),
	}
	if c.plan.Journal {
		g.Journals = []Journal{}
	}
	for _, id := range c.plan.Topology.Processes {
		c.assembleProcess(g, id, why)
	}
	// Channels are visited by sender. So the channels to one process come in the order
	// of its incoming ends.
	next := map[ProcessID]int{}
	for _, id := range c.plan.Topology.Processes {
		from := c.parts[id]
		for i, peer := range from.out.peers {
			c.assembleChannel(g, Channel{id, peer}, from, c.parts[peer], i, next[peer])
			next[peer]++
		}
	}
	return g
}

func (c *Collector) assembleProcess(g *Global, id ProcessID, why func(ProcessID) (Reason, string)) {
	p := c.parts[id]
	if p.recorded == nil {
		m := Missing{Process: id, Reason: PartNotReceived}
		if p.failed != nil {
			m.Reason, m.Detail = p.failed.Reason, p.failed.Detail
		} else if why != nil {
			m.Reason, m.Detail = why(id)
		}
		g.Missing = append(g.Missing, m)
		return
	}
	if p.failed != nil && p.failed.Reason == ProcessRestarted {
		// Its part came, but from an incarnation that has ended.
		g.Missing = append(g.Missing, Missing{Process: id, Reason: p.failed.Reason, Detail: p.failed.Detail})
	}
	if p.journal != nil && g.Journals != nil {
		g.Journals = append(g.Journals, *p.journal)
	}
	g.Processes = append(g.Processes, ProcessState{
		ID: id, State: p.recorded.State, Incarnation: p.recorded.Incarnation,
		RecordedAfter: p.recordedAt, CompletedAfter: p.completedAt,
		Completed: p.in.complete() && p.out.complete(), Times: p.times,
	})
}

// assembleChannel adds one channel: outgoing end number i of from, incoming end
// number k of to.
func (c *Collector) assembleChannel(g *Global, channel Channel, from, to *part, i, k int) {
	// The zero Closed stands for an end whose record did not come.
	out, outClosed := from.out.closed[i].(Closed)
	in, inClosed := to.in.closed[k].(Closed)
	s := ChannelState{Channel: channel, Resets: slices.Concat(out.Resets, in.Resets)}
	// The record of an end can come without the state of its process: a small section
	// overtakes a large one, and then the time is over. Without the state it means nothing.
	if from.recorded != nil {
		s.Sent, s.SentKnown, s.SeenBySender = from.recorded.Sent[i].N, true, out.Peer
	}
	if to.recorded != nil {
		s.Received, s.ReceivedKnown, s.SeenByReceiver = to.recorded.Received[k].N, true, in.Peer
		s.MarkerAfter, s.MarkerKnown = in.MarkerAfter, inClosed
	}
	missing := func(r Reason, detail string) {
		g.Missing = append(g.Missing, Missing{Channel: channel, Reason: r, Detail: detail})
	}
	switch {
	case !s.SentKnown || !s.ReceivedKnown: // a process whose state is missing is in Missing already
	case from.failed != nil && from.failed.Reason == ProcessRestarted, to.failed != nil && to.failed.Reason == ProcessRestarted:
		missing(ProcessRestarted, "")
	case inClosed && in.Peer != from.recorded.Incarnation, outClosed && out.Peer != to.recorded.Incarnation:
		missing(ProcessRestarted, "the ends counted in different incarnations")
	case !inClosed && to.failed != nil:
		missing(to.failed.Reason, to.failed.Detail)
	case !outClosed && from.failed != nil:
		missing(from.failed.Reason, from.failed.Detail)
	case !inClosed && !outClosed:
		// An outgoing end closes once its process has recorded and knows the peer's
		// incarnation. So the two have probably never met.
		missing(MarkerNotCome, fmt.Sprintf("no record of %s's end came: perhaps it has no connection with %s", channel.From, channel.To))
	case !inClosed: // the marker, or a message before it, did not come
		missing(MarkerNotCome, "")
	case !outClosed: // the marker came, so only the sender's record is late
		missing(PartNotReceived, fmt.Sprintf("the record of %s's end did not come", channel.From))
	case c.plan.Light: // the store has the messages
		s.Known = true
	default:
		messages, err := Join(s.Received, s.Sent, in.Messages, out.Messages)
		if err != nil {
			missing(Inconsistent, "a bug: "+err.Error())
			break
		}
		s.Messages, s.Known = messages, true
	}
	g.Channels = append(g.Channels, s)
}

// Join makes a channel state from its two halves: the messages that the receiver
// recorded and the messages that the sender recorded. The halves may overlap, and
// may hold messages that the state counts as received. Join trims them to the
// messages received+1 … sent, each once. The error says why the halves and the
// counts do not prove the cut.
func Join(received, sent uint64, in, out []Batch) ([]Batch, error) {
	if received > sent {
		return nil, fmt.Errorf("received %d messages of %d sent", received, sent)
	}
	joined := make([]Batch, 0, len(in)+len(out))
	next := received + 1
	for _, half := range [][]Batch{in, out} {
		for _, b := range half {
			b = b.After(next - 1).Through(sent)
			switch {
			case b.Count == 0:
			case b.First != next:
				return nil, fmt.Errorf("message %d is not recorded", next)
			default:
				joined = append(joined, b)
				next = b.Last() + 1
			}
		}
	}
	if next != sent+1 {
		return nil, fmt.Errorf("message %d is not recorded", next)
	}
	return joined, nil
}
