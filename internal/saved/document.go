package saved

import (
	"fmt"
	"math"
	"slices"
	"time"

	"chandy/snapshot"
)

// Document returns the snapshot document of a manifest and all its parts, in any order. It
// has no journals, and no times but those of the manifest.
func Document(m *Manifest, parts []*Part) (*snapshot.Global, error) {
	g := &snapshot.Global{
		ID: m.ID, Cluster: m.Cluster, Epoch: m.Epoch, Initiators: m.Initiators, StartedAt: m.StartedAt, Elapsed: fromMS(m.ElapsedMS),
	}
	byID := map[snapshot.ProcessID]*Part{}
	for _, p := range parts {
		byID[p.Process] = p
	}
	for _, p := range m.Processes {
		part := byID[p.ID]
		if part == nil {
			return nil, fmt.Errorf("%s: no part", p.ID)
		}
		g.Processes = append(g.Processes, snapshot.ProcessState{
			ID: p.ID, State: part.State, Incarnation: p.Incarnation,
			RecordedAfter: fromMS(p.RecordedAfterMS), CompletedAfter: fromMS(p.CompletedAfterMS), Completed: true,
		})
	}
	for _, c := range m.Channels {
		out := slices.IndexFunc(byID[c.From].Out, func(o Outgoing) bool { return o.To == c.To })
		in := slices.IndexFunc(byID[c.To].In, func(i Incoming) bool { return i.From == c.From })
		if out < 0 || in < 0 {
			return nil, fmt.Errorf("%s: a part has no record of it", c.Channel())
		}
		messages, err := snapshot.Join(c.Received, c.Sent, byID[c.To].In[in].Messages, byID[c.From].Out[out].Messages)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Channel(), err)
		}
		s := snapshot.ChannelState{
			Channel: c.Channel(), SeenByReceiver: c.Incarnations[0], SeenBySender: c.Incarnations[1],
			Sent: c.Sent, SentKnown: true, Received: c.Received, ReceivedKnown: true, Messages: messages, Known: true,
		}
		for _, r := range c.Resets {
			s.Resets = append(s.Resets, snapshot.Reset(r))
		}
		g.Channels = append(g.Channels, s)
	}
	return g, nil
}

func fromMS(ms float64) time.Duration {
	return time.Duration(math.Round(ms * float64(time.Millisecond)))
}

// MS returns a duration in milliseconds, as records have it.
func MS(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Parts returns the parts of a snapshot document, for a derived snapshot with the given id.
// Every message in flight lies with its receiver. A snapshot that is not complete has no
// parts: the error says what is missing.
func Parts(g *snapshot.Global, id snapshot.ID) ([]*Part, error) {
	if len(g.Missing) > 0 {
		return nil, fmt.Errorf("the snapshot is %s: %d parts or channels are missing", g.Status(), len(g.Missing))
	}
	parts := make([]*Part, 0, len(g.Processes))
	byID := map[snapshot.ProcessID]*Part{}
	for _, p := range g.Processes {
		part := &Part{Snapshot: id, Process: p.ID, Incarnation: p.Incarnation, State: p.State}
		for _, o := range p.State.Open {
			if o.From.IsClient() {
				part.Clients = append(part.Clients, ClientRequest{o.From, o.MsgID})
			}
		}
		parts, byID[p.ID] = append(parts, part), part
	}
	for _, c := range g.Channels { // sorted, so the ends of each process are too
		from, to := byID[c.Channel.From], byID[c.Channel.To]
		if from == nil || to == nil || !c.Known {
			return nil, fmt.Errorf("%s: the snapshot does not have its state", c.Channel)
		}
		// A document has no counts of bytes. Only their difference matters to the channel.
		from.Out = append(from.Out, Outgoing{To: c.Channel.To, Peer: c.SeenBySender, Acked: c.Sent, Sent: c.Sent, SentBytes: bodies(c.Messages)})
		to.In = append(to.In, Incoming{From: c.Channel.From, Peer: c.SeenByReceiver, Received: c.Received, Sent: c.Sent, Messages: c.Messages})
	}
	return parts, nil
}
