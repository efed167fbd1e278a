package snapshot

import (
	"fmt"
	"slices"
	"time"
)

// Plan is what the assembler knows of a global snapshot when it begins.
type Plan struct {
	ID         ID
	Cluster    string
	Epoch      uint64
	Topology   *Topology
	Initiators []ProcessID
	StartedAt  time.Time // wall clock: information only
	Wants
}

// Collector takes the pieces of all parts and assembles one global snapshot from
// them. Pieces may come in any order. A piece that came before is dropped, so a
// sender may send it again. A Collector is not safe for concurrent use.
type Collector struct {
	plan      Plan
	parts     map[ProcessID]*part // one for every process
	recorded  int                 // processes whose state has come
	inFlight  int                 // messages recorded at incoming ends
	bytes     int                 // of states and messages in parts
	restarted bool                // a process restarted during the snapshot
}

// part is what has come from one process so far.
type part struct {
	incarnation Incarnation // named by the first piece that names one
	recorded    *Recorded   // nil if it has not come
	times       *Times      // nil if they have not come
	journal     *Journal    // nil if it has not come
	stored      *Stored     // nil if it has not come
	recordedAt  time.Duration
	completedAt time.Duration // when the last piece came
	failed      *Failed       // nil unless the process failed
	in, out     ends
}

// ends are all incoming or all outgoing ends of channels at one process, closed or
// not, in the order of the peers.
type ends struct {
	peers  []ProcessID // sorted
	closed []Piece     // the Closed of each end; nil if it has not come
	count  int         // closed ends received so far
}

func newEnds(peers []ProcessID) ends { return ends{peers: peers, closed: make([]Piece, len(peers))} }

// find returns the place in closed of the end towards peer, or nil if the process
// has no such channel.
func (e *ends) find(peer ProcessID) *Piece {
	i, ok := slices.BinarySearch(e.peers, peer)
	if !ok {
		return nil
	}
	return &e.closed[i]
}

func (e *ends) complete() bool { return e.count == len(e.peers) }

// NewCollector returns the Collector of one snapshot.
func NewCollector(plan Plan) *Collector {
	c := &Collector{plan: plan, parts: map[ProcessID]*part{}}
	for _, id := range plan.Topology.Processes {
		c.parts[id] = &part{in: newEnds(plan.Topology.In(id)), out: newEnds(plan.Topology.Out(id))}
	}
	return c
}

// Add takes a piece that came at the given time after the start of the snapshot. A
// piece that does not fit the topology is dropped, and the error says why.
func (c *Collector) Add(at time.Duration, piece Piece) error {
	p := c.parts[piece.By()]
	if p == nil {
		return fmt.Errorf("part of %q: no such process in the cluster", piece.By())
	}
	switch one := piece.(type) {
	case Recorded:
		return c.addRecorded(at, p, one)
	case Closed:
		return c.addClosed(at, p, piece, one)
	case Timed:
		if c.sameLife(p, one.Process, one.Incarnation) && p.times == nil {
			p.times = &one.Times
		}
	case Journal:
		return c.addJournal(p, one)
	case Stored:
		if c.sameLife(p, one.Process, one.Incarnation) && p.stored == nil {
			p.stored = &one
		}
	case Failed:
		c.fail(p, one)
	}
	return nil
}

// fail keeps the first reason. Only a restart replaces an earlier one: after a
// restart the numbers prove nothing.
func (c *Collector) fail(p *part, f Failed) {
	if p.failed == nil || f.Reason == ProcessRestarted && p.failed.Reason != ProcessRestarted {
		p.failed = &f
	}
	c.restarted = c.restarted || f.Reason == ProcessRestarted
}

func (c *Collector) addRecorded(at time.Duration, p *part, piece Recorded) error {
	if !c.sameLife(p, piece.Process, piece.Incarnation) || p.recorded != nil {
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
	c.bytes += piece.State.Len()
	return nil
}

// addClosed takes a closed end. one is piece as a Closed. The collector keeps piece,
// because a new interface value would be an allocation.
func (c *Collector) addClosed(at time.Duration, p *part, piece Piece, one Closed) error {
	here, peer, ends := one.Channel.To, one.Channel.From, &p.in
	if one.Outgoing {
		here, peer, ends = one.Channel.From, one.Channel.To, &p.out
	}
	end := ends.find(peer)
	if end == nil || here != one.Process {
		return fmt.Errorf("part of %s: it has no such end of %s", one.Process, one.Channel)
	}
	if !c.sameLife(p, one.Process, one.Incarnation) || *end != nil {
		return nil
	}
	*end = piece
	ends.count++
	p.completedAt = at
	c.bytes += size(one.Messages)
	if !one.Outgoing {
		for _, b := range one.Messages {
			c.inFlight += b.Count
		}
	}
	return nil
}

func (c *Collector) addJournal(p *part, piece Journal) error {
	if !c.sameLife(p, piece.Process, piece.Incarnation) || p.journal != nil {
		return nil
	}
	for _, e := range piece.Events {
		peers := c.plan.Topology.In(piece.Process)
		if e.Kind == EventSent || e.Kind == EventMarkerSent {
			peers = c.plan.Topology.Out(piece.Process)
		}
		if _, ok := slices.BinarySearch(peers, e.Peer); !ok && e.Kind != EventRecorded {
			return fmt.Errorf("journal of %s: %s with %q, to or from which it has no channel", piece.Process, e.Kind, e.Peer)
		}
	}
	p.journal = &piece
	c.bytes += EventBytes * len(piece.Events)
	return nil
}

// sameLife reports whether a piece is of the same incarnation as the pieces before it.
// If not, the process has restarted and its pieces do not belong together, so sameLife
// fails the part.
func (c *Collector) sameLife(p *part, id ProcessID, incarnation Incarnation) bool {
	if p.incarnation == "" {
		p.incarnation = incarnation
	}
	if p.incarnation != incarnation {
		c.fail(p, Failed{Process: id, Reason: ProcessRestarted, Detail: "its part has pieces of two incarnations"})
	}
	return p.incarnation == incarnation
}

func checkCounts(counts []Count, peers []ProcessID) error {
	if len(counts) != len(peers) {
		return fmt.Errorf("%d counts, expected one for each of %d channels", len(counts), len(peers))
	}
	for i, count := range counts {
		if count.Peer != peers[i] {
			return fmt.Errorf("count for %s, expected one for %s", count.Peer, peers[i])
		}
	}
	return nil
}

// Progress is how far a snapshot has come.
type Progress struct {
	Processes, Recorded int
	Channels, Closed    int // a channel counts as closed when its incoming end is
	// InFlight is how many messages the incoming ends have recorded so far. The snapshot
	// may have more, which the senders recorded, or fewer, because Join trims.
	InFlight int
}

// Progress returns how far the snapshot has come.
func (c *Collector) Progress() Progress {
	p := Progress{Processes: len(c.parts), Recorded: c.recorded, Channels: len(c.plan.Topology.Channels), InFlight: c.inFlight}
	for _, id := range c.plan.Topology.Processes {
		p.Closed += c.parts[id].in.count
	}
	return p
}

// Bytes returns how many bytes of states and messages have come, with 48 for each batch and
// 64 for each event of a journal.
func (c *Collector) Bytes() int { return c.bytes }

// Restarted reports whether a process has restarted during the snapshot.
func (c *Collector) Restarted() bool { return c.restarted }

// Waits lists the processes whose parts are not complete and have not failed,
// sorted.
func (c *Collector) Waits() []ProcessID {
	var waits []ProcessID
	for _, id := range c.plan.Topology.Processes {
		p := c.parts[id]
		if p.failed == nil && (p.recorded == nil || !p.in.complete() || !p.out.complete() || c.unsaved(p)) {
			waits = append(waits, id)
		}
	}
	return waits
}

// Done reports whether nothing more is worth waiting for: every part is complete, or
// what is missing can never come because a process failed. A restart ends a snapshot at
// once, because every process that notices it stops recording.
func (c *Collector) Done() bool {
	if c.restarted {
		return true
	}
	for _, id := range c.plan.Topology.Processes {
		p := c.parts[id]
		if p.failed == nil && (p.recorded == nil || !p.out.complete() || !c.closedButForFailed(p) || c.unsaved(p)) {
			return false
		}
	}
	return true
}

// unsaved reports whether a part is still to be written to the store.
func (c *Collector) unsaved(p *part) bool { return c.plan.Save && p.stored == nil }

// Stored returns what has come about the writing of parts, in the order of the processes.
func (c *Collector) Stored() (all []Stored) {
	for _, id := range c.plan.Topology.Processes {
		if s := c.parts[id].stored; s != nil {
			all = append(all, *s)
		}
	}
	return all
}

// closedButForFailed reports whether every incoming channel of a process is closed.
// Channels from failed processes do not count: their markers may never come.
func (c *Collector) closedButForFailed(p *part) bool {
	for i, from := range p.in.peers {
		if p.in.closed[i] == nil && c.parts[from].failed == nil {
			return false
		}
	}
	return true
}
