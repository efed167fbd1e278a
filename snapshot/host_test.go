package snapshot

import (
	"slices"
	"strings"

	"chandy/internal/explore"
)

// host surrounds the Recorder of one process in a test, and is its Channels. It holds
// the counts and the inboxes of the channels, by the textbook rule (Chandy & Lamport
// 1985, section 3): markers travel in order with the messages, and the receiver records
// all of a channel's state.
//
// Invariants: received <= arrived; an inbox holds received+1 … arrived.
type host struct {
	id       ProcessID
	topology *Topology
	recorder *Recorder
	sent     []uint64  // as topology.Out(id)
	in       []inbound // as topology.In(id)
	peers    map[ProcessID]Incarnation
	resets   map[Channel][]Reset
	fault    *fault
}

type inbound struct {
	arrived, received uint64
	inbox             []Batch // none of them empty
}

func newHost(id ProcessID, incarnation Incarnation, t *Topology, limit int) *host {
	h := &host{
		id: id, topology: t, sent: make([]uint64, len(t.Out(id))), in: make([]inbound, len(t.In(id))),
		peers: map[ProcessID]Incarnation{}, resets: map[Channel][]Reset{}, fault: noFault,
	}
	for _, peer := range t.Processes {
		h.peers[peer] = firstIncarnation(peer)
	}
	h.recorder = NewRecorder(id, incarnation, t, h, limit)
	return h
}

func firstIncarnation(id ProcessID) Incarnation { return Incarnation(id) + "-1" }

func (h *host) outEnd(to ProcessID) int       { return slices.Index(h.topology.Out(h.id), to) }
func (h *host) inEnd(from ProcessID) *inbound { return &h.in[slices.Index(h.topology.In(h.id), from)] }

func (h *host) Sent(out int) uint64              { return h.sent[out] }
func (h *host) Outbox(out int) (uint64, []Batch) { return h.sent[out], nil }
func (h *host) PeerOut(out int) (Incarnation, []Reset) {
	to := h.topology.Out(h.id)[out]
	return h.peers[to], h.resets[Channel{h.id, to}]
}
func (h *host) Received(in int) uint64 { return h.in[in].received }
func (h *host) Inbox(in int) []Batch {
	return h.fault.inbox(h, h.topology.In(h.id)[in], slices.Clone(h.in[in].inbox))
}
func (h *host) PeerIn(in int) (Incarnation, []Reset) {
	from := h.topology.In(h.id)[in]
	return h.peers[from], h.resets[Channel{from, h.id}]
}

// send counts a message of the program and returns its number.
func (h *host) send(to ProcessID) uint64 {
	i := h.outEnd(to)
	h.sent[i]++
	return h.sent[i]
}

// arrive puts the next message of a channel into the inbox.
func (h *host) arrive(from ProcessID, payload []byte) []Effect {
	in := h.inEnd(from)
	in.arrived++
	b := Batch{First: in.arrived}
	b.Append(payload)
	in.inbox = append(in.inbox, b)
	if !h.fault.arrival(h, from) {
		return nil
	}
	return h.fault.effects(h, h.recorder.MessagesArrived(from, b))
}

// marker lets a marker arrive.
func (h *host) marker(from ProcessID, m Marker) []Effect {
	return h.fault.effects(h, h.recorder.MarkerReceived(from, h.fault.marker(h, m)))
}

// receive takes the next message out of the inbox.
func (h *host) receive(from ProcessID) (seq uint64, payload []byte) {
	in := h.inEnd(from)
	b := in.inbox[0]
	payload = b.Next()
	in.received++
	if in.inbox = in.inbox[1:]; b.Count > 0 {
		in.inbox = append([]Batch{b}, in.inbox...)
	}
	return in.received, payload
}

// waiting reports whether a message from a process is in the inbox.
func (h *host) waiting(from ProcessID) bool { return len(h.inEnd(from).inbox) > 0 }

// record answers Capture.
func (h *host) record(state []byte) []Effect {
	return h.fault.effects(h, h.recorder.StateRecorded(State{Bytes: state}))
}

func (h *host) initiate(s Start) ([]Effect, error) {
	effects, err := h.recorder.Initiate(s)
	return h.fault.effects(h, effects), err
}

// clone returns a deep copy, but for what is never changed: batches, topology, peers.
func (h *host) clone() *host {
	c := *h
	c.sent, c.in = slices.Clone(h.sent), slices.Clone(h.in)
	for i := range c.in {
		c.in[i].inbox = slices.Clone(c.in[i].inbox)
	}
	c.recorder = cloneRecorder(h.recorder, &c)
	return &c
}

// cloneRecorder returns a deep copy of r that asks other channels.
func cloneRecorder(r *Recorder, channels Channels) *Recorder {
	c := &Recorder{}
	explore.Copy(c, r)
	c.channels = channels
	return c
}

// ids returns the process ids in words: "p1 p2 p3".
func ids(words string) []ProcessID {
	var all []ProcessID
	for _, word := range strings.Fields(words) {
		all = append(all, ProcessID(word))
	}
	return all
}

// graph returns a topology of channels, "p1->p2 p2->p1". A word without an arrow is a
// process.
func graph(words string) *Topology {
	set := map[ProcessID]bool{}
	var channels []Channel
	for _, word := range strings.Fields(words) {
		from, to, isChannel := strings.Cut(word, "->")
		set[ProcessID(from)] = true
		if isChannel {
			set[ProcessID(to)] = true
			channels = append(channels, Channel{ProcessID(from), ProcessID(to)})
		}
	}
	var all []ProcessID
	for id := range set {
		all = append(all, id)
	}
	return NewTopology(all, channels)
}
