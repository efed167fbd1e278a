package channel

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"chandy/internal/explore"
	"chandy/snapshot"
)

// The model is processes around real halves of channels and, where there are
// snapshots, real Recorders. They do what netnode does (peer.go, outgoing.go,
// incoming.go), but one step at a time. The outcome of a step depends only on the
// state of its process and, for a delivery, on the frame. So a process is a table of
// local states, and the outcome of a step in each is computed once, by the product on
// a copy.

// local is the local state of one process, across its incarnations: everything that
// its future depends on, and the part of its past that the checks need.
type local struct {
	*scope
	process      int
	life         uint8 // number of the incarnation, from 1
	peers        []peer
	recorder     *recorder // nil: the scope has no snapshots
	sent         []uint8   // messages on each outgoing channel, by all incarnations
	marked       []uint8   // markers that belong to no snapshot, likewise
	asked        uint8     // snapshots that it was asked to initiate
	abandoned    uint8     // snapshots that it was told to abandon
	finished     uint8     // snapshots of which it reported the last piece
	finishedOnce uint8     // likewise, by any incarnation whose reports are not lost
	pieces       [snapshotsMax][]snapshot.Piece
}

const snapshotsMax = 2

// peer is another process with which there is a channel.
type peer struct {
	Peer
	up       bool                 // the connection that this process dialled is welcomed
	attached bool                 // there is a connection from the peer
	greeted  snapshot.Incarnation // Incarnation when the last hello was sent
	resets   uint8                // of both halves, by this incarnation
	log      []snapshot.Reset

	// What the model itself counts of the channel from the peer:
	from    tag    // who sent the messages received since the last reset
	markers uint64 // processed since then
}

// tag is the run of numbers that a message belongs to: the incarnation of its sender,
// and how often that incarnation had reset the channel.
type tag struct{ life, resets uint8 }

// recorder is a Recorder that is copied before each step that it takes.
type recorder struct {
	*snapshot.Recorder
	number uint32 // of its encoding
}

// ask is the channels of the Recorder of one process, in the local state that is being
// computed.
type ask struct{ *local }

func (a *ask) receiver(out int) *peer { return a.peer(a.out()[out]) }
func (a *ask) sender(in int) *peer    { return a.peer(a.in()[in]) }

func (a *ask) Sent(out int) uint64                       { return a.receiver(out).Out.Sent() }
func (a *ask) Outbox(out int) (uint64, []snapshot.Batch) { return a.hooks.outbox(a.receiver(out).Out) }
func (a *ask) Received(in int) uint64                    { return a.sender(in).In.Received() }
func (a *ask) Inbox(in int) []snapshot.Batch             { return a.hooks.inbox(a.sender(in).In) }
func (a *ask) PeerOut(out int) (snapshot.Incarnation, []snapshot.Reset) {
	return a.receiver(out).Incarnation, a.receiver(out).log
}
func (a *ask) PeerIn(in int) (snapshot.Incarnation, []snapshot.Reset) {
	return a.sender(in).Incarnation, a.sender(in).log
}

func (l *local) id() snapshot.ProcessID            { return l.topology.Processes[l.process] }
func (l *local) out() []snapshot.ProcessID         { return l.topology.Out(l.id()) }
func (l *local) in() []snapshot.ProcessID          { return l.topology.In(l.id()) }
func (l *local) peer(id snapshot.ProcessID) *peer  { return &l.peers[l.index(id)] }
func (l *local) incarnation() snapshot.Incarnation { return incarnation(l.id(), l.life) }

func incarnation(id snapshot.ProcessID, life uint8) snapshot.Incarnation {
	return snapshot.Incarnation(fmt.Sprintf("%s-%d", id, life))
}

// lifeOf returns the number of an incarnation, 0 for the empty one.
func lifeOf(i snapshot.Incarnation) uint8 {
	if i == "" {
		return 0
	}
	return i[len(i)-1] - '0'
}

// begin makes halves without a past for the process, and a Recorder.
func (l *local) begin(x *explorer) {
	l.peers = make([]peer, len(l.topology.Processes))
	for _, to := range l.out() {
		l.peer(to).Out = &Sender{Rule: l.rule}
	}
	for _, from := range l.in() {
		l.peer(from).In = &Receiver{Rule: l.rule, Window: l.window}
	}
	if len(l.starts) > 0 {
		r := snapshot.NewRecorder(l.id(), l.incarnation(), l.topology, x.asks[l.process], snapshotsMax)
		l.recorder = x.recorder(r)
	}
	if l.cut != nil && l.life == 1 {
		l.refill()
	}
}

func (l *local) clone() *local {
	c := *l
	c.peers = slices.Clone(l.peers)
	for i := range c.peers {
		c.peers[i].Peer = clonePeer(l.peers[i].Peer)
		c.peers[i].log = slices.Clip(l.peers[i].log)
	}
	c.sent, c.marked = slices.Clone(l.sent), slices.Clone(l.marked)
	for k := range c.pieces {
		c.pieces[k] = slices.Clip(l.pieces[k])
	}
	return &c
}

// append encodes the local state: equal encodings of one process mean an equal
// future and equal checks.
func (l *local) append(b []byte) []byte {
	b = append(b, byte(l.process), l.life, l.asked, l.abandoned, l.finished, l.finishedOnce)
	b = append(append(b, l.sent...), l.marked...)
	for i := range l.peers {
		p := &l.peers[i]
		b = appendPeer(b, &p.Peer)
		b = append(b, byte(bit(p.up)), byte(bit(p.attached)), lifeOf(p.greeted), p.resets, p.from.life, p.from.resets, byte(p.markers))
		for _, r := range p.log {
			b = explore.AppendText(b, r.Incarnation)
			b = append(b, byte(r.Discarded))
		}
	}
	if l.recorder == nil {
		return b
	}
	b = binary.LittleEndian.AppendUint32(b, l.recorder.number)
	for k := range l.starts {
		b = explore.AppendText(b, l.part(k))
	}
	return b
}

// part renders the pieces of one snapshot. Their order counts only if there were two
// incarnations.
func (l *local) part(k int) string {
	var texts []string
	for _, p := range l.pieces[k] {
		text := p.String()
		switch p := p.(type) {
		case snapshot.Recorded:
			text += " as " + string(p.Incarnation)
		case snapshot.Closed:
			text += " of " + string(p.Incarnation) + " with " + string(p.Peer)
		}
		texts = append(texts, text)
	}
	if l.life == 1 {
		slices.Sort(texts)
	}
	return strings.Join(texts, "\n")
}

// payload returns a message that describes itself, so that the checks need no record
// of what was sent: a byte with its tag, the number of markers issued on the channel
// before it, and its own number.
func (l *local) payload(p *peer, markers uint64) []byte {
	return message(tag{l.life, p.resets}, markers, p.Out.Sent()+1)
}

func message(from tag, markers, seq uint64) []byte {
	return []byte{(from.life-1)<<7 | (from.resets&1)<<6 | byte(markers&3)<<4 | byte(seq&15)}
}

func readMessage(payload []byte) (from tag, markers, seq uint64) {
	b := payload[0]
	return tag{b>>7 + 1, b >> 6 & 1}, uint64(b >> 4 & 3), uint64(b & 15)
}

// programState returns the state of the program: for every outgoing channel the tag
// and the number of its messages, and for every incoming channel likewise of those
// received. The reference, checkCut, reads it.
func (l *local) programState() []byte {
	var b []byte
	for _, to := range l.out() {
		p := l.peer(to)
		b = append(b, l.life, p.resets&1, byte(p.Out.Sent()))
	}
	for _, from := range l.in() {
		p := l.peer(from)
		b = append(b, p.from.life, p.from.resets, byte(p.In.Received()))
	}
	return b
}

// scope is the system that an exploration goes through.
type scope struct {
	name       string
	topology   *snapshot.Topology
	rule       Rule
	window     int                  // bytes; a message takes two
	messages   int                  // on each channel
	total      int                  // on all channels; 0: no limit
	senders    []snapshot.ProcessID // whose programs send; nil: all
	markers    int                  // on each channel, besides those of snapshots
	acks       int                  // in flight on a connection at once
	starts     []snapshot.Start
	initiators [][]snapshot.ProcessID // of each snapshot, each is asked at any moment
	abandon    bool                   // each process may be told to abandon each snapshot at any moment

	cut         *cut // from which the halves begin; nil: without a past
	disconnects int
	restarts    int
	restarting  []snapshot.ProcessID // processes that may restart; nil means all
	known       bool                 // everything is connected at the beginning
	// resets makes a disconnect and the next connection one step. Nothing is lost
	// by it: without a restart, what happens meanwhile could as well happen before.
	resets bool
	// stale lets a sender also resume from what it knew before the welcome, and send
	// again what has arrived.
	stale bool
	hooks *hooks
}

func (s *scope) index(id snapshot.ProcessID) int { return slices.Index(s.topology.Processes, id) }

func (s *scope) number(id snapshot.ID) int {
	return slices.IndexFunc(s.starts, func(start snapshot.Start) bool { return start.ID == id })
}

func newScope(name string, rule Rule, channels string) *scope {
	return &scope{name: name, topology: graph(channels), rule: rule, window: 1 << 10, acks: 1, hooks: product()}
}

// joinedScope has snapshots, by the initiators of each ("p1 p3").
func joinedScope(name string, rule Rule, channels string, messages int, initiators ...string) *scope {
	s := newScope(name, rule, channels)
	s.messages, s.known = messages, true
	for k, words := range initiators {
		var ids []snapshot.ProcessID
		for _, word := range strings.Fields(words) {
			ids = append(ids, snapshot.ProcessID(word))
		}
		s.starts = append(s.starts, snapshot.Start{ID: snapshot.ID(fmt.Sprintf("S%d", k+1)), Assembler: ids[0], Deadline: time.Second, Timeout: time.Second})
		s.initiators = append(s.initiators, ids)
	}
	return s
}

// graph returns a topology of channels: "p1->p2 p2->p1".
func graph(words string) *snapshot.Topology {
	var ids []snapshot.ProcessID
	var channels []snapshot.Channel
	for _, word := range strings.Fields(words) {
		from, to, _ := strings.Cut(word, "->")
		c := snapshot.Channel{From: snapshot.ProcessID(from), To: snapshot.ProcessID(to)}
		channels = append(channels, c)
		ids = append(ids, c.From, c.To)
	}
	slices.Sort(ids)
	return snapshot.NewTopology(slices.Compact(ids), channels)
}
