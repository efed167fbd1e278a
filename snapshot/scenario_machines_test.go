package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"chandy/internal/channel"
	"chandy/snapshot"
	"chandy/wire"
)

// machines is a cluster of real Recorders on real channels: a Sender and a Receiver
// each, joined by a connection. Nothing happens but what its methods are called for.
type machines struct {
	topology  *snapshot.Topology
	hosts     map[snapshot.ProcessID]*machine
	lines     map[snapshot.Channel]*line
	snapshots map[snapshot.ID]*taken
}

// machine is one process. It is the Channels of its Recorder.
type machine struct {
	*machines
	id       snapshot.ProcessID
	recorder *snapshot.Recorder
	state    string
	delayed  bool // a capture waits for the command "recorded"
}

// line is one channel.
type line struct {
	snapshot.Channel
	out  channel.Sender
	in   channel.Receiver
	sent []string // all messages, from number 1 on
	up   bool
	way  []frame // written and on the way
}

// frame is what Sender.Next returns: a marker or data.
type frame struct {
	marker *channel.Marker
	data   *wire.Data
}

func (f frame) String() string {
	if f.marker != nil {
		return fmt.Sprintf("%s (ordinal %d)", f.marker, f.marker.Ordinal)
	}
	return fmt.Sprintf("%s (stamp %d)", f.data.Batch, f.data.Stamp)
}

// taken is a snapshot with the pieces that have come.
type taken struct {
	start  snapshot.Start
	plan   snapshot.Plan
	pieces []snapshot.Piece
}

func newMachines(rule channel.Rule, t *snapshot.Topology) (*machines, error) {
	m := &machines{topology: t, hosts: map[snapshot.ProcessID]*machine{}, lines: map[snapshot.Channel]*line{}, snapshots: map[snapshot.ID]*taken{}}
	for _, ch := range t.Channels {
		l := &line{Channel: ch, out: channel.Sender{Rule: rule}, in: channel.Receiver{Rule: rule, Window: 1 << 10}}
		if err := l.connect(); err != nil {
			return nil, err
		}
		m.lines[ch] = l
	}
	for _, id := range t.Processes {
		h := &machine{machines: m, id: id}
		h.recorder = snapshot.NewRecorder(id, incarnation(id), t, h, 16)
		m.hosts[id] = h
	}
	return m, nil
}

func incarnation(id snapshot.ProcessID) snapshot.Incarnation { return snapshot.Incarnation(id + "-1") }

func (h *machine) outgoing(i int) *line {
	return h.lines[snapshot.Channel{From: h.id, To: h.topology.Out(h.id)[i]}]
}

func (h *machine) incoming(i int) *line {
	return h.lines[snapshot.Channel{From: h.topology.In(h.id)[i], To: h.id}]
}

func (h *machine) Sent(i int) uint64                       { return h.outgoing(i).out.Sent() }
func (h *machine) Outbox(i int) (uint64, []snapshot.Batch) { return h.outgoing(i).out.Outbox() }
func (h *machine) Received(i int) uint64                   { return h.incoming(i).in.Received() }
func (h *machine) Inbox(i int) []snapshot.Batch            { return h.incoming(i).in.Inbox() }
func (h *machine) PeerOut(i int) (snapshot.Incarnation, []snapshot.Reset) {
	return incarnation(h.outgoing(i).To), nil
}
func (h *machine) PeerIn(i int) (snapshot.Incarnation, []snapshot.Reset) {
	return incarnation(h.incoming(i).From), nil
}

// connect begins a connection: the sender learns how far the receiver is.
func (l *line) connect() error {
	l.up = true
	return l.out.Resume(l.in.Acknowledge())
}

// disconnect ends the connection and returns the frames that are lost.
func (l *line) disconnect() []frame {
	lost := l.way
	l.way, l.up = nil, false
	l.out.Disconnect()
	return lost
}

// write puts the next frame on the connection, if there is one.
func (l *line) write() (frame, bool) {
	marker, data := l.out.Next()
	if data != nil {
		data.Body = bytes.Clone(data.Body) // it is lent
	}
	f := frame{marker, data}
	if f == (frame{}) {
		return f, false
	}
	l.way = append(l.way, f)
	return f, true
}

// deliver lets the first frame on the way arrive. A frame that the receiver refuses
// ends the connection.
func (m *machines) deliver(l *line) (f frame, effects []snapshot.Effect, err error) {
	f, l.way = l.way[0], l.way[1:]
	h := m.hosts[l.To]
	if f.data != nil {
		fresh, err := l.in.Data(*f.data)
		if err != nil {
			l.disconnect()
			return f, nil, err
		}
		if fresh.Count > 0 && h.recorder.Recording() {
			l.in.GiveAway()
			effects = h.recorder.MessagesArrived(l.From, fresh)
		}
		return f, h.obey(effects), nil
	}
	fresh, err := l.in.Marker(*f.marker)
	switch {
	case err != nil:
		l.disconnect()
		return f, nil, err
	case !fresh:
		return f, nil, errors.New("came before")
	}
	return f, h.obey(h.recorder.MarkerReceived(l.From, f.marker.Marker)), nil
}

const timeout = 10 * time.Second

func (m *machines) initiate(at snapshot.ProcessID, id snapshot.ID) ([]snapshot.Effect, error) {
	s := m.snapshots[id]
	if s == nil {
		s = &taken{
			start: snapshot.Start{ID: id, Assembler: at, Deadline: timeout, Timeout: timeout},
			plan:  snapshot.Plan{ID: id, Cluster: "test", Epoch: 1, Topology: m.topology},
		}
		m.snapshots[id] = s
	}
	s.plan.Initiators = append(s.plan.Initiators, at)
	effects, err := m.hosts[at].recorder.Initiate(s.start)
	return m.hosts[at].obey(effects), err
}

// record finishes a capture.
func (h *machine) record() []snapshot.Effect {
	return h.obey(h.recorder.StateRecorded(snapshot.State{Bytes: []byte(h.state)}))
}

// obey carries effects out in order, and lists them with the effects that follow.
func (h *machine) obey(effects []snapshot.Effect) (all []snapshot.Effect) {
	for _, e := range effects {
		all = append(all, e)
		switch e := e.(type) {
		case snapshot.Capture:
			if !h.delayed {
				all = append(all, h.record()...)
			}
		case snapshot.SendMarker:
			h.outgoing(e.Out).out.Mark(e.Marker)
		case snapshot.Report:
			s := h.snapshots[e.Start.ID]
			s.pieces = append(s.pieces, e.Piece)
		}
	}
	return all
}

// global assembles a snapshot from the pieces that have come.
func (m *machines) global(id snapshot.ID) (*snapshot.Global, error) {
	s := m.snapshots[id]
	collector := snapshot.NewCollector(s.plan)
	for _, p := range s.pieces {
		if err := collector.Add(0, p); err != nil {
			return nil, err
		}
	}
	return collector.Assemble(timeout, nil), nil
}

// sorted lists the channels in order.
func (m *machines) sorted() []*line {
	var all []*line
	for _, ch := range m.topology.Channels {
		all = append(all, m.lines[ch])
	}
	return slices.Clip(all)
}
