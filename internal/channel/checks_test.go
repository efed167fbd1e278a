package channel

import (
	"slices"

	"chandy/internal/explore"
	"chandy/snapshot"
	"chandy/wire"
)

// The checks.
const (
	checkViolation   = "violation"      // one half says that the other broke the protocol
	checkBroken      = "broken"         // a connection cannot resume
	checkOrder       = "order"          // received is a prefix of sent, in this pair of incarnations
	checkStamp       = "stamp"          // a message waits for the markers before it, in order also for those after it
	checkMarkers     = "markers"        // every marker is processed once, in the order of the ordinals
	checkAcked       = "acked"          // received <= acked <= arrived <= sent, of messages and of markers
	checkOutbox      = "outbox"         // the outbox holds acked+1 … sent, and its bytes are counted
	checkInbox       = "inbox"          // the inbox holds received+1 … arrived, at most the window and one message
	checkReset       = "reset"          // what a reset discards is counted
	checkProgress    = explore.Progress // when nothing goes on everything has arrived, and every order comes to an end
	checkEffects     = "effects"        // the Recorder asks for something that it must not ask for
	checkCertificate = "certificate"    // every snapshot is complete and proven, or says that a process restarted
	checkReference   = "reference"      // the states and the channel states of a complete snapshot belong together
)

// received lets the program receive, and checks the message against what it says of
// itself.
func (s *step) received(p *peer) {
	payload, ok := s.hooks.receive(p.In)
	if !ok {
		panic("bug: nothing to receive")
	}
	from, markers, seq := readMessage(payload)
	if p.from == (tag{}) {
		p.from = from
	}
	switch {
	case from != p.from, from.life != lifeOf(p.Incarnation), seq != p.In.Received()&15:
		s.finds(checkOrder, "received message %d of %v as number %d of %v, the peer being %s", seq, from, p.In.Received(), p.from, p.Incarnation)
	case markers > p.markers&3 && s.recorder == nil: // with snapshots the certificate has to show it
		s.finds(checkStamp, "received a message sent after marker %d before it", markers)
	}
}

// arrived takes messages and checks their place among the markers: under the textbook
// rule a message arrives between the markers before and after it.
func (s *step) arrived(from snapshot.ProcessID, p *peer, d wire.Data) {
	fresh, err := s.hooks.data(p.In, d)
	if err != nil {
		s.finds(checkViolation, "%v", err)
		return
	}
	if fresh.Count > 0 && s.rule == InOrder {
		for _, payload := range fresh.All() {
			if _, markers, seq := readMessage(payload); markers != p.markers&3 {
				s.finds(checkStamp, "message %d, sent after marker %d, arrived after marker %d", seq, markers, p.markers)
			}
		}
	}
	if fresh.Count > 0 && s.recorder != nil && s.recorder.Recording() {
		s.recorderStep(func(r *snapshot.Recorder) []snapshot.Effect { return r.MessagesArrived(from, fresh) })
	}
}

func (s *step) markerArrived(from snapshot.ProcessID, p *peer, m Marker) {
	if !s.hooks.counted(s.local, m) {
		return
	}
	fresh, err := s.hooks.marker(p.In, m)
	switch {
	case err != nil:
		s.finds(checkViolation, "%v", err)
	case !fresh:
	case m.Ordinal != p.markers+1:
		s.finds(checkMarkers, "got marker %d after %d, want %d", m.Ordinal, p.markers, p.markers+1)
	default:
		p.markers++
		s.recorderStep(func(r *snapshot.Recorder) []snapshot.Effect { return r.MarkerReceived(from, m.Marker) })
	}
}

// checkLocal checks what must hold of the halves of one process in every state.
func (s *step) checkLocal() {
	for i := range s.peers {
		p := &s.peers[i]
		if p.Out != nil {
			s.checkOutbox(p)
		}
		if p.In != nil {
			s.checkInbox(p)
		}
	}
}

func (s *step) checkOutbox(p *peer) {
	o := p.Out
	next, bytes := o.acked+1, 0
	for _, seg := range o.outbox {
		bytes += len(seg.Body)
		for seq, payload := range seg.All() {
			if seq < next {
				continue
			}
			if from, markers, number := readMessage(payload); seq != next || number != seq&15 || markers != seg.stamp&3 || from.life != s.life {
				s.finds(checkOutbox, "got message %d, want %d", seq, next)
			}
			next++
		}
	}
	if next != o.sent+1 || bytes != o.Bytes() {
		s.finds(checkOutbox, "acked %d, sent %d, but the outbox ends before %d; it has %d bytes and says %d", o.acked, o.sent, next, bytes, o.Bytes())
	}
	if len(o.markers) != int(o.markerSent-o.markerAcked) {
		s.finds(checkOutbox, "got %d markers, want those after %d up to %d", len(o.markers), o.markerAcked, o.markerSent)
	}
	for j, m := range o.markers {
		if m.Ordinal != o.markerAcked+1+uint64(j) {
			s.finds(checkOutbox, "got marker %d in place %d, want %d", m.Ordinal, j, o.markerAcked+1+uint64(j))
		}
	}
	if o.up && (o.acked > o.written || o.written > o.sent || o.markerAcked > o.markerWritten || o.markerWritten > o.markerSent) || o.received > o.acked {
		s.finds(checkAcked, "received %d, acked %d, written %d, sent %d; markers acked %d, written %d, sent %d",
			o.received, o.acked, o.written, o.sent, o.markerAcked, o.markerWritten, o.markerSent)
	}
}

// messageBytes is what a message takes in a body.
const messageBytes = 2

func (s *step) checkInbox(p *peer) {
	in := p.In
	next, bytes := in.received+1, 0
	for _, d := range in.inbox {
		bytes += len(d.Body)
		for seq := range d.All() {
			if seq != next {
				s.finds(checkInbox, "got message %d, want %d", seq, next)
			}
			next++
		}
	}
	if next != in.arrived+1 {
		s.finds(checkInbox, "received %d, arrived %d, but the inbox ends before %d", in.received, in.arrived, next)
	}
	if bytes >= in.Window+messageBytes || bytes != in.Bytes() {
		s.finds(checkInbox, "got %d bytes, want %d as it says, within the window of %d", bytes, in.Bytes(), in.Window)
	}
}

// half is what one end of a channel knows, for the checks that need both ends.
type half struct {
	life, peerLife uint8
	tag            tag // of the messages: sent here, or received
	acked, sent    uint64
	arrived        uint64
	received       uint64
	markers        [2]uint64 // the sender's acked and sent ones; the receiver's processed ones, and 0
	written        [2]uint64 // messages and markers, on the sender's connection
}

func (l *local) outHalf(to snapshot.ProcessID) half {
	p := l.peer(to)
	return half{
		life: l.life, peerLife: lifeOf(p.Incarnation), tag: tag{l.life, p.resets & 1},
		acked: p.Out.acked, received: p.Out.received, sent: p.Out.sent, markers: [2]uint64{p.Out.markerAcked, p.Out.markerSent},
		written: [2]uint64{p.Out.written, p.Out.markerWritten},
	}
}

func (l *local) inHalf(from snapshot.ProcessID) half {
	p := l.peer(from)
	return half{
		life: l.life, peerLife: lifeOf(p.Incarnation), tag: p.from,
		arrived: p.In.arrived, received: p.In.received, markers: [2]uint64{p.markers, 0},
	}
}

// checkPair checks what must hold between the ends of a channel in every state in
// which both count in the same pair of incarnations. An end that has not heard of
// the other counts as if it had, without anything acknowledged or arrived.
func checkPair(c snapshot.Channel, out, in half) *explore.Finding {
	if out.peerLife != in.life && out.peerLife != 0 || in.peerLife != out.life && in.peerLife != 0 {
		return nil
	}
	switch {
	case out.acked > in.arrived || in.arrived > out.sent || out.received > in.received:
		return explore.Findingf(checkAcked, "%s: sent %d, arrived %d, acked %d, received %d, known as received %d", c, out.sent, in.arrived, out.acked, in.received, out.received)
	case out.markers[0] > in.markers[0] || in.markers[0] > out.markers[1]:
		return explore.Findingf(checkAcked, "%s: marker %d sent, %d processed, %d acked", c, out.markers[1], in.markers[0], out.markers[0])
	case in.received > 0 && in.tag != out.tag:
		return explore.Findingf(checkOrder, "%s: messages of %v were received from %v", c, in.tag, out.tag)
	}
	return nil
}

// checkArrived checks a channel in an end. If told is false, the sender need not know
// what arrived: it did not believe a welcome, or no acknowledgement is ever sent.
func checkArrived(c snapshot.Channel, out, in half, told bool) *explore.Finding {
	if out.peerLife != in.life || in.peerLife != out.life {
		return explore.Findingf(checkProgress, "%s: the ends count with incarnations %d and %d, but are %d and %d", c, in.peerLife, out.peerLife, out.life, in.life)
	}
	if in.received != out.sent || in.markers[0] != out.markers[1] || told && (out.acked != out.sent || out.markers[0] != out.markers[1]) {
		return explore.Findingf(checkProgress, "%s: in the end %d sent, %d received, %d acked; markers %d sent, %d processed, %d acked",
			c, out.sent, in.received, out.acked, out.markers[1], in.markers[0], out.markers[0])
	}
	return nil
}

// checkSnapshot checks the result of snapshot k in an end.
func (x *explorer) checkSnapshot(k int, locals []*local) *explore.Finding {
	var pieces []snapshot.Piece
	restarted := false
	for _, l := range locals {
		pieces = append(pieces, l.pieces[k]...)
		restarted = restarted || l.life > 1
	}
	pieces = x.hooks.pieces(pieces)
	c := snapshot.NewCollector(snapshot.Plan{ID: x.starts[k].ID, Cluster: "model", Epoch: 1, Topology: x.topology, Initiators: x.initiators[k]})
	for _, p := range pieces {
		if err := c.Add(0, p); err != nil {
			return explore.Findingf(checkEffects, "the Collector: %v", err)
		}
	}
	g := c.Assemble(1, nil)
	x.hooks.assembled(g, pieces)
	switch {
	case g.Complete():
		x.complete++
		if found := checkProven(g); found != nil {
			return found
		}
		return checkCut(x.topology, g)
	case x.abandon:
		return nil
	case !restarted:
		return explore.Findingf(checkCertificate, "not complete: %s", g)
	case !saysRestarted(g):
		return x.checkReason(k, c, locals)
	}
	return nil
}

// checkReason checks a snapshot that is partial because of a restart, although no
// piece says so: every process had finished its part before it learnt of the restart,
// or never took part. But the assembler learns of the restart while the part of the
// dead incarnation is not finished, and with that the reason is the right one.
func (x *explorer) checkReason(k int, c *snapshot.Collector, locals []*local) *explore.Finding {
	others := false
	for _, l := range locals {
		for _, p := range l.pieces[k] {
			if failed, ok := p.(snapshot.Failed); ok && failed.Reason == snapshot.ProcessRestarted {
				return nil // said, but no channel is left of which the Collector would say it
			}
		}
		others = others || l.life == 1 && len(l.pieces[k]) > 0
		if l.life > 1 && l.finishedOnce>>k&1 == 0 {
			c.Add(1, snapshot.Failed{Process: l.id(), Reason: snapshot.ProcessRestarted})
		}
	}
	if g := c.Assemble(1, nil); others && !saysRestarted(g) {
		return explore.Findingf(checkCertificate, "a process restarted, but that is not the reason: %s", g)
	}
	return nil
}

func saysRestarted(g *snapshot.Global) bool {
	return slices.ContainsFunc(g.Missing, func(m snapshot.Missing) bool { return m.Reason == snapshot.ProcessRestarted })
}

// checkProven checks the certificate (docs/correctness.md), channel by channel.
func checkProven(g *snapshot.Global) *explore.Finding {
	incarnations := map[snapshot.ProcessID]snapshot.Incarnation{}
	for _, p := range g.Processes {
		incarnations[p.ID] = p.Incarnation
	}
	for _, c := range g.Channels {
		if c.SeenByReceiver != incarnations[c.Channel.From] || c.SeenBySender != incarnations[c.Channel.To] {
			return explore.Findingf(checkCertificate, "%s counted with %s and %s, want %s and %s", c.Channel, c.SeenByReceiver, c.SeenBySender, incarnations[c.Channel.From], incarnations[c.Channel.To])
		}
		next := c.Received + 1
		for _, b := range c.Messages {
			for seq := range b.All() {
				if seq != next {
					return explore.Findingf(checkCertificate, "%s: got message %d, want %d", c.Channel, seq, next)
				}
				next++
			}
		}
		if next != c.Sent+1 {
			return explore.Findingf(checkCertificate, "%s: sent %d, received %d, recorded until %d", c.Channel, c.Sent, c.Received, next-1)
		}
	}
	return nil
}

// checkCut is slow and obvious. It takes nothing from the Recorder but the states and
// the messages: a state itself holds which sends and receives it includes (see
// programState), and a message its number and tag. No message is received in the cut that is not sent in it, and the state
// of a channel is the messages sent in it without those received in it, in order
// (Chandy & Lamport 1985, section 2.2).
func checkCut(t *snapshot.Topology, g *snapshot.Global) *explore.Finding {
	type run struct {
		tag
		n uint64
	}
	sent, received := map[snapshot.Channel]run{}, map[snapshot.Channel]run{}
	for _, p := range g.Processes {
		b := p.State.Bytes
		next := func() run {
			r := run{tag{b[0], b[1]}, uint64(b[2])}
			b = b[3:]
			return r
		}
		for _, to := range t.Out(p.ID) {
			sent[snapshot.Channel{From: p.ID, To: to}] = next()
		}
		for _, from := range t.In(p.ID) {
			received[snapshot.Channel{From: from, To: p.ID}] = next()
		}
	}
	for _, c := range g.Channels {
		s, r := sent[c.Channel], received[c.Channel]
		if r.n > s.n || r.n > 0 && r.tag != s.tag {
			return explore.Findingf(checkReference, "%s: the states include %d receives of %v and %d sends of %v", c.Channel, r.n, r.tag, s.n, s.tag)
		}
		next := r.n + 1
		for _, b := range c.Messages {
			for _, payload := range b.All() {
				if from, _, seq := readMessage(payload); seq != next&15 || from != s.tag {
					return explore.Findingf(checkReference, "%s: message %d of %v is recorded where %d of %v is in flight", c.Channel, seq, from, next, s.tag)
				}
				next++
			}
		}
		if next != s.n+1 {
			return explore.Findingf(checkReference, "%s: by the states messages %d to %d are in flight, recorded until %d", c.Channel, r.n+1, s.n, next-1)
		}
	}
	return nil
}
