package channel

import (
	"bytes"
	"fmt"
	"slices"

	"chandy/internal/explore"
	"chandy/snapshot"
	"chandy/wire"
)

// kind is a kind of step. First come the steps of one process, then the deliveries of a
// channel, then the faults.
type kind uint8

const (
	sends     kind = iota // the program sends its next message on outgoing channel arg
	issues                // a marker that belongs to no snapshot is issued on outgoing channel arg
	writes                // the next frame is written on outgoing channel arg
	receives              // the program receives a message of incoming channel arg
	tells                 // the position of incoming channel arg is acknowledged
	initiates             // snapshot arg
	records               // Capture is answered
	abandons              // snapshot arg

	takes           // a frame arrives at the receiver of the channel
	returns         // a frame arrives at the sender of the channel
	returnsStale    // likewise, a welcome: the sender goes back to what it knew before
	noticesOut      // the sender sees that its connection has ended
	loses           // the connection of the sender breaks
	gives           // likewise, and its hello may come late
	reconnects      // the connection breaks and another one begins, see scope.resets
	reconnectsStale // likewise, and the sender goes back to what it knew before
	restarts        // a process
	restartsLost    // a process, and what it reported is lost
	// Halves of reconnects:
	rewelcomes
	disconnects
)

func (k kind) String() string {
	return [...]string{"sends to", "issues a marker to", "writes to", "receives from", "acknowledges to",
		"initiates", "records", "abandons", "takes from", "gets back from", "gets back, and takes it for older, from",
		"sees the end of its connection to", "loses its connection to",
		"gives up its connection to", "reconnects to", "reconnects, and sends again what arrived, to", "restarts", "restarts, losing what it reported", "", ""}[k]
}

// event is a step of one process: arg is a channel, by its place in topology.Out
// or In, or a snapshot; item is the frame that arrives.
type event struct {
	kind kind
	arg  uint8
	item uint16
}

// op is what a step does to the wire of a channel.
type op struct {
	channel int // as topology.Channels
	opKind
	item uint16
}

// step is a step that is being computed; it changes its local state.
type step struct {
	*local
	x     *explorer
	ops   []op
	found *explore.Finding
	// inPlace lets the Recorder itself take its steps, not a copy.
	inPlace bool
}

func (s *step) finds(check, format string, args ...any) {
	if s.found == nil {
		s.found = explore.Findingf(check, "%s: "+format, append([]any{s.incarnation()}, args...)...)
	}
}

func (s *step) op(from, to snapshot.ProcessID, kind opKind) {
	s.ops = append(s.ops, op{channel: s.x.channel(from, to), opKind: kind})
}

func (s *step) push(from, to snapshot.ProcessID, kind opKind, f frame) {
	s.ops = append(s.ops, op{s.x.channel(from, to), kind, s.x.wires.item(f)})
}

// do takes the step.
func (s *step) do(e event) {
	f := s.x.frame(e)
	switch e.kind {
	case sends, issues, writes, returns, returnsStale, noticesOut, disconnects, loses, gives:
		to := s.out()[e.arg]
		s.sender(e.kind, int(e.arg), to, s.peer(to), f)
	case receives, tells, takes, rewelcomes:
		from := s.in()[e.arg]
		s.receiver(e.kind, from, s.peer(from), f)
	case initiates:
		s.asked |= 1 << e.arg
		s.recorderStep(func(r *snapshot.Recorder) []snapshot.Effect {
			effects, err := r.Initiate(s.starts[e.arg])
			if err != nil && err != snapshot.ErrKnown {
				s.finds(checkEffects, "initiate: %v", err)
			}
			return effects
		})
	case records:
		s.recorderStep(func(r *snapshot.Recorder) []snapshot.Effect {
			return r.StateRecorded(snapshot.State{Bytes: s.programState()})
		})
	case abandons:
		s.abandoned |= 1 << e.arg
		s.recorderStep(func(r *snapshot.Recorder) []snapshot.Effect {
			r.Abandon(s.starts[e.arg].ID)
			return nil
		})
	case restarts, restartsLost:
		s.restart(e.kind == restartsLost)
	}
	if s.found == nil {
		s.checkLocal()
	}
}

// sender takes a step of an outgoing channel.
func (s *step) sender(k kind, i int, to snapshot.ProcessID, p *peer, f frame) {
	switch k {
	case sends:
		s.sent[i]++
		s.hooks.send(p.Out, s.payload(p, p.Out.markerSent))
	case issues:
		s.marked[i]++
		acked, _ := s.hooks.outbox(p.Out)
		s.hooks.mark(p.Out, snapshot.Marker{Sent: p.Out.Sent(), Acked: acked})
	case writes:
		marker, data := s.hooks.next(p.Out)
		switch {
		case marker != nil:
			s.push(s.id(), to, pushForth, frame{kind: markerFrame, marker: *marker})
		case data != nil:
			data.Body = bytes.Clone(data.Body) // it is lent
			s.push(s.id(), to, pushForth, frame{kind: dataFrame, data: *data})
		}
	case returns, returnsStale:
		s.returned(to, p, f, k == returnsStale)
	case noticesOut, gives:
		s.redial(to, p, closesDialler)
	case disconnects:
		p.Out.Disconnect()
	case loses:
		s.redial(to, p, losesDialler)
	}
}

func (s *step) dial(to snapshot.ProcessID) {
	p := s.peer(to)
	p.greeted = p.Incarnation
	s.push(s.id(), to, dials, frame{kind: hello, incarnation: s.incarnation()})
}

// redial ends the connection that this process dialled and dials again at once. To
// wait for the welcome has the same outcome as to wait before the hello.
func (s *step) redial(to snapshot.ProcessID, p *peer, how opKind) {
	p.Out.Disconnect()
	p.up = false
	s.op(s.id(), to, how)
	s.dial(to)
}

// returned takes a frame that comes back to the sender.
func (s *step) returned(to snapshot.ProcessID, p *peer, f frame, stale bool) {
	switch f.kind {
	case ping:
		s.push(s.id(), to, pushForth, frame{kind: pong, incarnation: s.incarnation(), known: f.known})
	case welcome:
		s.welcomed(to, p, f, stale)
	case ack:
		if err := s.hooks.acknowledge(p.Out, f.at); err != nil {
			s.finds(checkViolation, "%v", err)
		}
		s.hooks.acked(s.local)
	}
}

// welcomed takes the welcome. If it names a new incarnation, that incarnation has
// lived after the hello was sent. If yet another one was met meanwhile, either of the
// two may be the later one, and only another hello shows which.
func (s *step) welcomed(to snapshot.ProcessID, p *peer, f frame, stale bool) {
	if s.hooks.current && f.incarnation != p.Incarnation && p.Incarnation != p.greeted || !s.met(p, f.incarnation) {
		s.redial(to, p, closesDialler)
		return
	}
	at := f.at
	if stale {
		at = wire.Position{Arrived: p.Out.acked, Received: p.Out.received, Marker: p.Out.markerAcked, Credit: at.Credit}
	}
	if err := s.hooks.resume(p.Out, at); err != nil {
		s.finds(checkBroken, "%v", err)
	}
	s.hooks.acked(s.local)
	p.up = true
}

// receiver takes a step of an incoming channel.
func (s *step) receiver(k kind, from snapshot.ProcessID, p *peer, f frame) {
	switch k {
	case receives:
		s.received(p)
	case tells:
		s.push(from, s.id(), pushBack, frame{kind: ack, at: s.hooks.tell(p.In)})
	case takes:
		switch f.kind {
		case hello, pong:
			s.greeted(from, p, f)
		case dataFrame:
			s.arrived(from, p, f.data)
		case markerFrame:
			s.markerArrived(from, p, f.marker)
		}
	case rewelcomes:
		s.push(from, s.id(), pushBack, frame{kind: welcome, incarnation: s.incarnation(), at: s.hooks.welcome(p.In)})
	}
}

// greeted takes a hello, or the pong to the ping that answered a hello.
//
// A hello alone does not show that its incarnation is new: a dead one may have sent it
// long ago. So a hello of an incarnation that would replace another is answered by a
// ping. The pong counts if no incarnation was met since the ping: then its incarnation
// has lived after the known one.
func (s *step) greeted(from snapshot.ProcessID, p *peer, f frame) {
	isNew := !p.Knows(f.incarnation)
	if s.hooks.careful && isNew && f.kind == hello {
		s.push(from, s.id(), asks, frame{kind: ping, known: p.Incarnation})
		return
	}
	if s.hooks.careful && s.hooks.current && isNew && f.known != p.Incarnation || !s.met(p, f.incarnation) {
		s.op(from, s.id(), refuses)
		return
	}
	p.attached = true
	s.op(from, s.id(), accepts)
	s.push(from, s.id(), pushBack, frame{kind: welcome, incarnation: s.incarnation(), at: s.hooks.welcome(p.In)})
}

// met takes the incarnation in a hello or a welcome, as netnode does.
func (s *step) met(p *peer, other snapshot.Incarnation) (ok bool) {
	var had Discarded
	if p.Out != nil {
		had.Outbox = p.Out.sent - p.Out.acked
	}
	if p.In != nil {
		had.Inbox = p.In.arrived - p.In.received
	}
	meeting, lost, err := s.hooks.meet(&p.Peer, other)
	id := s.topology.Processes[s.peerIndex(p)]
	switch {
	case err != nil:
		return false
	case meeting == First:
		s.recorderStep(func(r *snapshot.Recorder) []snapshot.Effect { return r.PeerKnown(id) })
	case meeting == Restarted:
		if lost != had {
			s.finds(checkReset, "got %+v as discarded, want %+v", lost, had)
		}
		p.resets++
		p.from, p.markers = tag{}, 0
		s.recorderStep(func(r *snapshot.Recorder) []snapshot.Effect { return r.PeerRestarted(id) })
		p.log = append(p.log, snapshot.Reset{Process: id, Incarnation: other, Discarded: lost.Outbox, Unknown: true})
		if p.up && s.hooks.endOld {
			s.redial(id, p, closesDialler)
		}
		if p.attached && s.hooks.endOld {
			p.attached = false
			s.op(id, s.id(), closesListener)
		}
	}
	return true
}

func (s *step) peerIndex(p *peer) int {
	for i := range s.peers {
		if &s.peers[i] == p {
			return i
		}
	}
	panic("bug: no such peer")
}

// restart begins the next incarnation. Of the old one only its reports are left,
// unless lost, and what is in flight from it.
func (s *step) restart(lost bool) {
	old := s.peers
	s.life++
	s.finished = 0
	if lost {
		clear(s.pieces[:])
		s.finishedOnce = 0
	}
	s.begin(s.x)
	for _, from := range s.in() {
		if old[s.index(from)].attached {
			s.op(from, s.id(), closesListener)
		}
	}
	for _, to := range s.out() {
		s.op(s.id(), to, closesDialler)
		s.dial(to)
	}
}

// recorderStep lets a copy of the Recorder take a step and obeys.
func (s *step) recorderStep(do func(*snapshot.Recorder) []snapshot.Effect) {
	if s.recorder == nil {
		return
	}
	s.x.asks[s.process].local = s.local
	r := s.recorder.Recorder
	if !s.inPlace {
		r = &snapshot.Recorder{}
		explore.Copy(r, s.recorder.Recorder)
	}
	effects := do(r)
	if !s.inPlace {
		s.recorder = s.x.recorder(r)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case snapshot.SendMarker:
			s.hooks.mark(s.peer(s.out()[e.Out]).Out, e.Marker)
		case snapshot.Report:
			k := s.number(e.Start.ID)
			if s.finished>>k&1 == 1 {
				s.finds(checkEffects, "after the last piece: %s", e)
			}
			if e.Last {
				s.finished |= 1 << k
				s.finishedOnce |= 1 << k
			}
			s.pieces[k] = append(s.pieces[k], e.Piece)
		}
	}
}

// enabled returns the steps that the process can take by itself in this state.
func (l *local) enabled() (all []event) {
	can := func(k kind, arg int) { all = append(all, event{kind: k, arg: uint8(arg)}) }
	for i, to := range l.out() {
		p := l.peer(to)
		if int(l.sent[i]) < l.messages && (l.senders == nil || slices.Contains(l.senders, l.id())) {
			can(sends, i)
		}
		if int(l.marked[i]) < l.markers {
			can(issues, i)
		}
		if marker, data := l.hooks.next(cloneSender(p.Out)); marker != nil || data != nil {
			can(writes, i)
		}
	}
	capturing := l.recorder != nil && l.recorder.Capturing()
	for i, from := range l.in() {
		p := l.peer(from)
		if _, ok := l.hooks.receive(cloneReceiver(p.In)); ok && !(capturing && l.hooks.patient) {
			can(receives, i)
		}
		if unacknowledged, _ := p.In.Unacknowledged(); unacknowledged && p.attached {
			can(tells, i)
		}
	}
	if capturing {
		can(records, 0)
	}
	for k := range l.starts {
		for _, id := range l.initiators[k] {
			if id == l.id() && l.asked>>k&1 == 0 {
				can(initiates, k)
			}
		}
		if l.abandon && l.abandoned>>k&1 == 0 {
			can(abandons, k)
		}
	}
	return all
}

func (e event) render(l *local, f frame) string {
	switch e.kind {
	case takes:
		return fmt.Sprintf("%s %s %s: %s", l.id(), e.kind, l.in()[e.arg], f)
	case returns, returnsStale:
		return fmt.Sprintf("%s %s %s: %s", l.id(), e.kind, l.out()[e.arg], f)
	case receives, tells:
		return fmt.Sprintf("%s %s %s", l.id(), e.kind, l.in()[e.arg])
	case sends, issues, writes, noticesOut, loses, gives, reconnects, reconnectsStale:
		return fmt.Sprintf("%s %s %s", l.id(), e.kind, l.out()[e.arg])
	case initiates, abandons:
		return fmt.Sprintf("%s %s %s", l.id(), e.kind, l.starts[e.arg].ID)
	}
	return fmt.Sprintf("%s %s", l.id(), e.kind)
}
