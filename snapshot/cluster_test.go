package snapshot

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// cluster is a whole system around real Recorders, for scenarios and random runs.
// Nothing happens but what its methods are told: the caller chooses the schedule.
// Each method returns the effects that the Recorders asked for, which are done.
type cluster struct {
	topology  *Topology
	hosts     map[ProcessID]*host
	states    map[ProcessID]string
	delayed   map[ProcessID]bool // its capture is finished by record, not at once
	stopped   map[ProcessID]bool
	lives     map[ProcessID]int
	wires     map[Channel][]item
	snapshots map[ID]*taken
}

// item is what is on the wire: a message, or a marker.
type item struct {
	payload []byte
	marker  *Marker
}

// taken is a snapshot and the pieces that came of it, with when they came.
type taken struct {
	start  Start
	plan   Plan
	pieces []Piece
	times  []time.Duration
}

const timeout = 10 * time.Second

func newCluster(t *Topology) *cluster {
	c := &cluster{
		topology: t, hosts: map[ProcessID]*host{}, states: map[ProcessID]string{}, delayed: map[ProcessID]bool{},
		stopped: map[ProcessID]bool{}, lives: map[ProcessID]int{}, wires: map[Channel][]item{}, snapshots: map[ID]*taken{},
	}
	for _, id := range t.Processes {
		c.hosts[id] = newHost(id, firstIncarnation(id), t, 16)
		c.lives[id] = 1
	}
	return c
}

// send puts a message on the wire.
func (c *cluster) send(from, to ProcessID, payload []byte) {
	c.hosts[from].send(to)
	c.push(Channel{from, to}, item{payload: payload})
}

func (c *cluster) push(ch Channel, i item) { c.wires[ch] = append(c.wires[ch], i) }

// deliver lets the head of a channel arrive.
func (c *cluster) deliver(ch Channel) []Effect {
	head := c.wires[ch][0]
	c.wires[ch] = c.wires[ch][1:]
	h := c.hosts[ch.To]
	if head.marker != nil {
		return c.obey(h, h.marker(ch.From, *head.marker))
	}
	return c.obey(h, h.arrive(ch.From, head.payload))
}

// initiate starts a snapshot, or makes one more process an initiator of it. The
// first one is the assembler.
func (c *cluster) initiate(at ProcessID, id ID) ([]Effect, error) {
	s := c.snapshots[id]
	if s == nil {
		s = &taken{
			start: Start{ID: id, Assembler: at, Deadline: timeout, Timeout: timeout},
			plan:  Plan{ID: id, Cluster: "test", Epoch: 1, Topology: c.topology},
		}
		c.snapshots[id] = s
	}
	if !slices.Contains(s.plan.Initiators, at) {
		s.plan.Initiators = append(s.plan.Initiators, at)
	}
	effects, err := c.hosts[at].initiate(s.start)
	return c.obey(c.hosts[at], effects), err
}

// record finishes a delayed capture.
func (c *cluster) record(at ProcessID) []Effect {
	return c.obey(c.hosts[at], c.hosts[at].record([]byte(c.states[at])))
}

// obey does effects in order, and lists them with those that they led to.
func (c *cluster) obey(h *host, effects []Effect) (all []Effect) {
	for _, e := range effects {
		all = append(all, e)
		switch e := e.(type) {
		case Capture:
			if !c.delayed[h.id] {
				all = append(all, c.record(h.id)...)
			}
		case SendMarker:
			c.push(Channel{h.id, c.topology.Out(h.id)[e.Out]}, item{marker: &e.Marker})
		case Report:
			s := c.snapshots[e.Start.ID]
			s.pieces = append(s.pieces, e.Piece)
			s.times = append(s.times, time.Duration(len(s.times)+1)*1234567*time.Nanosecond)
		}
	}
	return all
}

// restart begins a new life of a process, with the first state and nothing on its
// channels. Other processes find out by meet.
func (c *cluster) restart(id ProcessID) {
	c.lives[id]++
	c.hosts[id] = newHost(id, c.incarnation(id), c.topology, 16)
	for _, peer := range c.topology.Processes {
		if peer != id {
			c.hosts[id].peers[peer] = ""
		}
		delete(c.wires, Channel{id, peer})
		delete(c.wires, Channel{peer, id})
	}
	c.hosts[id].peers[id] = c.incarnation(id)
	delete(c.stopped, id)
}

func (c *cluster) incarnation(id ProcessID) Incarnation {
	return Incarnation(fmt.Sprintf("%s-%d", id, c.lives[id]))
}

// met reports whether a process knows the current incarnation of another.
func (c *cluster) met(id, other ProcessID) bool {
	return c.hosts[id].peers[other] == c.incarnation(other)
}

// meet connects two processes of which at least one has restarted: they learn each
// other's incarnations, and what they held for older ones is discarded.
func (c *cluster) meet(a, b ProcessID) (all []Effect) {
	for _, pair := range [][2]ProcessID{{a, b}, {b, a}} {
		h, peer := c.hosts[pair[0]], pair[1]
		old := h.peers[peer]
		switch {
		case c.met(h.id, peer):
		case old == "":
			h.peers[peer] = c.incarnation(peer)
			all = append(all, c.obey(h, h.recorder.PeerKnown(peer))...)
		default:
			all = append(all, c.obey(h, h.recorder.PeerRestarted(peer))...)
			h.peers[peer] = c.incarnation(peer)
			c.reset(h, peer)
		}
	}
	return all
}

// reset begins the channels of h with a peer that has restarted anew.
func (c *cluster) reset(h *host, peer ProcessID) {
	out, in := Channel{h.id, peer}, Channel{peer, h.id}
	r := Reset{Process: peer, Incarnation: c.incarnation(peer), Unknown: true}
	if i := h.outEnd(peer); i >= 0 {
		r.Discarded = uint64(len(c.wires[out]))
		h.resets[out] = append(h.resets[out], r)
		h.sent[i] = 0
		delete(c.wires, out)
	}
	if slices.Contains(h.topology.In(h.id), peer) {
		end := h.inEnd(peer)
		r.Discarded = end.arrived - end.received
		h.resets[in] = append(h.resets[in], r)
		*end = inbound{}
	}
}

// global assembles a snapshot of what has come.
func (c *cluster) global(id ID) *Global {
	s := c.snapshots[id]
	s.plan.StartedAt = time.Date(2026, 11, 22, 7, 35, 25, 123456789, time.UTC)
	collector := NewCollector(s.plan)
	for i, p := range s.pieces {
		if err := collector.Add(s.times[i], p); err != nil {
			panic("bug: " + err.Error())
		}
	}
	return collector.Assemble(timeout, func(id ProcessID) (Reason, string) {
		if c.stopped[id] {
			return Unreachable, ""
		}
		return PartNotReceived, ""
	})
}

// busy lists the channels whose head can arrive.
func (c *cluster) busy() []Channel {
	return slices.SortedFunc(func(yield func(Channel) bool) {
		for ch := range maps.Keys(c.wires) {
			if len(c.wires[ch]) > 0 && !c.stopped[ch.To] && c.met(ch.To, ch.From) && c.met(ch.From, ch.To) && !yield(ch) {
				return
			}
		}
	}, Channel.Compare)
}
