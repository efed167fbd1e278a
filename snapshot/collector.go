package snapshot

import (
	"fmt"
	"slices"
	"time"
)

// Plan is what is known of a global snapshot when it begins.
type Plan struct {
	ID         ID
	Cluster    string
	Epoch      uint64
	Topology   *Topology
	Initiators []ProcessID
	StartedAt  time.Time // wall clock: information only
}

// Collector takes the pieces of all parts and assembles one global snapshot. It
// belongs to one goroutine. A piece that came already is dropped, so that a
// sender may repeat itself.
type Collector struct {
	plan     Plan
	parts    map[ProcessID]*part
	recorded int
	inFlight int // messages on incoming ends
	// restarted: somebody noticed that a process restarted
	restarted bool
}

// part is what came from one process.
type part struct {
	incarnation Incarnation // of the first piece that named one
	recorded    *Recorded
	recordedAt  time.Duration
	completedAt time.Duration // of the last piece
	failed      *Failed
	in, out     ends
}

// ends are the ends of channels that are closed at a process: one for each of its
// incoming or outgoing channels, in the order of their peers.
type ends struct {
	peers  []ProcessID // sorted
	closed []Piece     // each a Closed; nil if it has not come
	count  int         // of those that have come
}

func newEnds(peers []ProcessID) ends { return ends{peers: peers, closed: make([]Piece, len(peers))} }

// find gives the place of the end towards peer; nil: there is no such channel.
func (e *ends) find(peer ProcessID) *Piece {
	i, ok := slices.BinarySearch(e.peers, peer)
	if !ok {
		return nil
	}
	return &e.closed[i]
}

func (e *ends) complete() bool { return e.count == len(e.peers) }

// NewCollector makes the Collector of one snapshot.
func NewCollector(plan Plan) *Collector {
	c := &Collector{plan: plan, parts: map[ProcessID]*part{}}
	for _, id := range plan.Topology.Processes {
		c.parts[id] = &part{in: newEnds(plan.Topology.In(id)), out: newEnds(plan.Topology.Out(id))}
	}
	return c
}

// Add takes a piece that came at the given time after the start. An error means
// that the piece does not fit the topology; it is dropped.
func (c *Collector) Add(at time.Duration, piece Piece) error {
	p := c.parts[piece.By()]
	if p == nil {
		return fmt.Errorf("a part of %q, which is no process of the cluster", piece.By())
	}
	switch one := piece.(type) {
	case Recorded:
		return c.addRecorded(at, p, one)
	case Closed:
		return c.addClosed(at, p, piece, one)
	case Failed:
		c.fail(p, one)
	}
	return nil
}

// fail keeps the first reason, but a restart counts more than any other: it means
// that the numbers say nothing.
func (c *Collector) fail(p *part, f Failed) {
	if p.failed == nil || f.Reason == ProcessRestarted && p.failed.Reason != ProcessRestarted {
		p.failed = &f
	}
	c.restarted = c.restarted || f.Reason == ProcessRestarted
}

func (c *Collector) addRecorded(at time.Duration, p *part, piece Recorded) error {
	if !c.oneLife(p, piece.Process, piece.Incarnation) || p.recorded != nil {
		return nil
	}
	t := c.plan.Topology
	if err := checkCounts(piece.Sent, t.Out(piece.Process)); err != nil {
		return fmt.Errorf("part of %s: sent: %w", piece.Process, err)
	}
	if err := checkCounts(piece.Received, t.In(piece.Process)); err != nil {
		return fmt.Errorf("part of %s: received: %w", piece.Process, err)
	}
	p.recorded, p.recordedAt, p.completedAt = &piece, at, at
	c.recorded++
	return nil
}

// addClosed keeps piece, whose value is one: a new interface value would copy it.
func (c *Collector) addClosed(at time.Duration, p *part, piece Piece, one Closed) error {
	here, peer, ends := one.Channel.To, one.Channel.From, &p.in
	if one.Outgoing {
		here, peer, ends = one.Channel.From, one.Channel.To, &p.out
	}
	end := ends.find(peer)
	if end == nil || here != one.Process {
		return fmt.Errorf("part of %s: %s is no channel of it", one.Process, one.Channel)
	}
	if *end != nil || !c.oneLife(p, one.Process, one.Incarnation) {
		return nil
	}
	*end = piece
	ends.count++
	p.completedAt = at
	if !one.Outgoing {
		for _, b := range one.Messages {
			c.inFlight += b.Count
		}
	}
	return nil
}

// oneLife tells whether a piece is of the same incarnation as those before it. If
// not, the process restarted, and what came of it does not fit together.
func (c *Collector) oneLife(p *part, id ProcessID, incarnation Incarnation) bool {
	if p.incarnation == "" {
		p.incarnation = incarnation
	}
	if p.incarnation != incarnation {
		c.fail(p, Failed{Process: id, Reason: ProcessRestarted, Detail: "pieces of two of its incarnations came"})
	}
	return p.incarnation == incarnation
}

func checkCounts(counts []Count, peers []ProcessID) error {
	if len(counts) != len(peers) {
		return fmt.Errorf("%d counts for %d channels", len(counts), len(peers))
	}
	for i, count := range counts {
		if count.Peer != peers[i] {
			return fmt.Errorf("a count for %s where one for %s belongs", count.Peer, peers[i])
		}
	}
	return nil
}

// Progress is how far a snapshot has come.
type Progress struct {
	Processes, Recorded int
	Channels, Closed    int // a channel is closed when its receiving end is
	InFlight            int // messages recorded so far
}

// Progress tells how far the snapshot has come.
func (c *Collector) Progress() Progress {
	p := Progress{Processes: len(c.parts), Recorded: c.recorded, Channels: len(c.plan.Topology.Channels), InFlight: c.inFlight}
	for _, id := range c.plan.Topology.Processes {
		p.Closed += c.parts[id].in.count
	}
	return p
}

// Restarted tells whether somebody noticed that a process restarted.
func (c *Collector) Restarted() bool { return c.restarted }

// Waits lists the processes whose parts are not complete, sorted.
func (c *Collector) Waits() []ProcessID {
	var waits []ProcessID
	for _, id := range c.plan.Topology.Processes {
		p := c.parts[id]
		if p.failed == nil && (p.recorded == nil || !p.in.complete() || !p.out.complete()) {
			waits = append(waits, id)
		}
	}
	return waits
}

// Done tells whether nothing more is to come: every part is complete, or what is
// not can never be because a process failed. A restart ends a snapshot at once:
// all who notice it stop recording.
func (c *Collector) Done() bool {
	if c.restarted {
		return true
	}
	for _, id := range c.plan.Topology.Processes {
		p := c.parts[id]
		switch {
		case p.failed != nil:
		case p.recorded == nil, !p.out.complete(), !c.closedButForFailed(p):
			return false
		}
	}
	return true
}

// closedButForFailed tells whether every incoming channel of a process is closed,
// those from failed processes aside: their markers may never come.
func (c *Collector) closedButForFailed(p *part) bool {
	if p.in.complete() {
		return true
	}
	for i, from := range p.in.peers {
		if p.in.closed[i] == nil && c.parts[from].failed == nil {
			return false
		}
	}
	return true
}

// Assemble makes the global snapshot of what has come, elapsed after the start.
// For a process whose part has not come, and which has not said why, why is
// asked; it may be nil if Done.
func (c *Collector) Assemble(elapsed time.Duration, why func(ProcessID) (Reason, string)) *Global {
	g := &Global{
		ID: c.plan.ID, Cluster: c.plan.Cluster, Epoch: c.plan.Epoch, Initiators: c.plan.Initiators,
		StartedAt: c.plan.StartedAt, Elapsed: elapsed,
		Processes: make([]ProcessState, 0, len(c.plan.Topology.Processes)),
		Channels:  make([]ChannelState, 0, len(c.plan.Topology.Channels)),
	}
	for _, id := range c.plan.Topology.Processes {
		c.assembleProcess(g, id, why)
	}
	next := map[ProcessID]int{} // incoming end of each process
	for _, id := range c.plan.Topology.Processes {
		// The channels are sorted, and so are the ends at every process.
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
		// Its part is there, of an incarnation that is not any more.
		g.Missing = append(g.Missing, Missing{Process: id, Reason: p.failed.Reason, Detail: p.failed.Detail})
	}
	g.Processes = append(g.Processes, ProcessState{
		ID: id, State: p.recorded.State, Incarnation: p.recorded.Incarnation,
		RecordedAfter: p.recordedAt, CompletedAfter: p.completedAt,
		Completed: p.in.complete() && p.out.complete(),
	})
}

// assembleChannel adds the channel whose ends are the i-th of from and the k-th of to.
func (c *Collector) assembleChannel(g *Global, channel Channel, from, to *part, i, k int) {
	out, outClosed := from.out.closed[i].(Closed)
	in, inClosed := to.in.closed[k].(Closed)
	s := ChannelState{Channel: channel, Resets: mergeResets(out.Resets, in.Resets), SeenBySender: out.Peer, SeenByReceiver: in.Peer}
	if from.recorded != nil {
		s.Sent, s.SentKnown = from.recorded.Sent[i].N, true
	}
	if to.recorded != nil {
		s.Received, s.ReceivedKnown = to.recorded.Received[k].N, true
	}
	missing := func(r Reason, detail string) {
		g.Missing = append(g.Missing, Missing{Channel: channel, Reason: r, Detail: detail})
	}
	switch {
	case !s.SentKnown || !s.ReceivedKnown: // its process is missing
	case from.failed != nil && from.failed.Reason == ProcessRestarted, to.failed != nil && to.failed.Reason == ProcessRestarted:
		missing(ProcessRestarted, "")
	case inClosed && in.Peer != from.recorded.Incarnation, outClosed && out.Peer != to.recorded.Incarnation:
		missing(ProcessRestarted, "the ends counted in different incarnations")
	case !inClosed && to.failed != nil:
		missing(to.failed.Reason, to.failed.Detail)
	case !outClosed && from.failed != nil:
		missing(from.failed.Reason, from.failed.Detail)
	case !inClosed:
		missing(MarkerNotCome, "")
	case !outClosed:
		missing(MarkerNotCome, fmt.Sprintf("%s had no connection with %s", channel.From, channel.To))
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

// Join trims the two halves of a channel state, what the receiver and what the
// sender recorded, to the messages received+1 … sent. They may overlap. The error
// says why they do not prove the cut.
func Join(received, sent uint64, in, out []Batch) ([]Batch, error) {
	if received > sent {
		return nil, fmt.Errorf("received %d messages of %d sent", received, sent)
	}
	joined := make([]Batch, 0, len(in)+len(out))
	next := received + 1
	for _, half := range [][]Batch{in, out} {
		for _, b := range half {
			if b.First != next || b.Last() > sent {
				b = b.After(next - 1).Through(sent)
			}
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

func mergeResets(a, b []Reset) []Reset {
	merged := slices.Clone(a)
	for _, r := range b {
		i := slices.IndexFunc(merged, func(m Reset) bool { return m.Process == r.Process && m.Incarnation == r.Incarnation })
		if i < 0 {
			merged = append(merged, r)
			continue
		}
		merged[i].Discarded += r.Discarded
		merged[i].Unknown = merged[i].Unknown || r.Unknown
	}
	return merged
}
