package core

import (
	"bytes"
	"fmt"
	"time"

	"chandy/internal/channel"
	"chandy/snapshot"
	"chandy/wire"
)

// incoming is this node's half of a channel from peer.
type incoming struct {
	epoch    *epoch
	peer     *peer
	receiver channel.Receiver
	resets   []snapshot.Reset
	conn     ConnID // 0 if there is none
	ackTimer *timer
	stats    linkStats
	stale    uint64 // hellos of incarnations that were replaced
	queued   bool   // in delivery.ready: there may be something to receive
	dirty    bool   // in epoch.dirtyIn: flush may have something to acknowledge

	// arrivedBefore is how many messages had arrived before the last reset.
	arrivedBefore uint64

	restoredTo uint64   // last message that was sent before the base of the epoch
	skipped    []uint64 // messages of the base that the program must not receive

	partial partial // the message of which fragments come

	// transit holds frames that came during the emulated transit time.
	transit      []delayed
	transitBytes int // of messages in transit
	transitTimer *timer
}

// delayed is a frame on its emulated way.
type delayed struct {
	due   time.Duration
	frame wire.Frame
}

const (
	// ackDelay is how long the acknowledgement of messages may wait for more to
	// acknowledge. A quarter of the window is acknowledged at once.
	ackDelay = 50 * time.Millisecond
	// ackMarkerDelay is how long the acknowledgement of markers alone may wait. Keeping a
	// marker costs the sender next to nothing, but each snapshot sends one on every
	// channel. With ackDelay for markers too, a snapshot of an idle mesh of 99 takes 1.6
	// times as long, and of 32 1.2 times (chandy bench --only snapshot/idle).
	ackMarkerDelay = time.Second
)

func (in *incoming) channel() snapshot.Channel {
	return snapshot.Channel{From: in.peer.id, To: in.epoch.core.self}
}

// self reports whether the channel leads from the process to itself. Such a channel has
// no connection and is always up.
func (in *incoming) self() bool { return in.peer.id == in.epoch.core.self }

func (in *incoming) String() string { return in.channel().String() }

func (in *incoming) up() bool { return in.conn != 0 || in.self() }

// markDirty makes the current step acknowledge what arrived.
func (in *incoming) markDirty() {
	if !in.dirty {
		in.dirty = true
		in.epoch.dirtyIn = append(in.epoch.dirtyIn, in)
	}
}

// accept takes a connection from the peer, in place of the one that it has.
func (in *incoming) accept(conn ConnID) {
	e, c := in.epoch, in.epoch.core
	in.hangUp(errReplaced)
	in.conn = conn
	in.stats.wentUp(c.now)
	c.handle(conn, in)
	c.watchAlive(conn)
	c.emit(Accept{conn, PeerLongest})
	c.write(conn, wire.Welcome{
		Version: wire.Version, Epoch: e.number, Incarnation: c.Incarnation,
		Position: in.receiver.Acknowledge(),
	})
	c.logStart().Str("channel", in.String()).Msg("channel up")
	if out := in.peer.outgoing; out != nil {
		out.redialNow()
	}
	e.checkAllUp()
}

func (in *incoming) hangUp(why error) {
	if in.conn != 0 {
		in.epoch.core.hangUp(in.conn, false, why)
	}
}

func (in *incoming) closed(err error) {
	if err == nil {
		err = errClosed
	}
	c := in.epoch.core
	in.conn = 0
	in.stats.failed(c.now, true, err)
	in.transit, in.transitBytes, in.partial = nil, 0, partial{} // as if lost on the way: the peer sends it again
	in.transitTimer.cancel()
	in.ackTimer.cancel()
	in.ackTimer = nil
	in.epoch.allUp = false
	c.log.Info().AnErr("err", err).Str("channel", in.String()).Msg("channel down")
}

func (in *incoming) frame(f wire.Frame) error {
	switch f := f.(type) {
	case wire.Data:
		if in.partial.open() {
			return fmt.Errorf("%s came within a message in fragments", f)
		}
		return in.emulateDelay(f)
	case wire.Fragment:
		in.epoch.grew(len(f.Bytes))
		data, whole, err := in.partial.add(f)
		if err != nil || !whole {
			return err
		}
		return in.emulateDelay(data)
	case wire.Marker:
		return in.emulateDelay(f)
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

// emulateDelay lets a frame arrive once the emulated transit time has passed. The receiver
// checks frames when they arrive, so emulateDelay checks how many are in transit: a sender
// that keeps to its window has less than the window on the way before each message.
func (in *incoming) emulateDelay(f wire.Frame) error {
	delay := in.epoch.core.Cluster.Network.Delay
	if delay == 0 {
		return in.arrive(f)
	}
	data, ok := f.(wire.Data)
	if ok && in.transitBytes >= in.receiver.Window || len(in.transit) > in.receiver.Window+2*markersMax {
		return fmt.Errorf("%s beyond the window", f.Type())
	}
	if ok { // its memory is valid only during this step
		data.Batch.Body = bytes.Clone(data.Batch.Body)
		in.transitBytes += len(data.Batch.Body)
		in.epoch.grew(len(data.Batch.Body))
		f = data
	}
	in.transit = append(in.transit, delayed{in.epoch.core.now + delay, f})
	if len(in.transit) == 1 {
		in.transitTimer = in.epoch.after(delay, in.deliverDelayed)
	}
	return nil
}

// deliverDelayed lets the delayed frames arrive that are due.
func (in *incoming) deliverDelayed() {
	c := in.epoch.core
	for len(in.transit) > 0 {
		head := in.transit[0]
		if head.due > c.now {
			in.transitTimer = in.epoch.timers.add(head.due, in.deliverDelayed)
			return
		}
		in.transit = in.transit[1:]
		switch f := head.frame.(type) {
		case wire.Data:
			in.transitBytes -= len(f.Batch.Body)
		case wire.Marker:
			f.TimeLeft = max(0, f.TimeLeft-c.Cluster.Network.Delay)
			head.frame = f
		}
		if err := in.arrive(head.frame); err != nil {
			c.violation(in.conn, in, err)
			return
		}
	}
	in.transit = nil
}

func (in *incoming) arrive(f wire.Frame) error {
	defer in.queueTurn()
	in.markDirty()
	switch f := f.(type) {
	case wire.Data:
		return in.arriveData(f)
	case wire.Marker:
		return in.arriveMarker(f)
	}
	return nil
}

func (in *incoming) arriveData(f wire.Data) error {
	e := in.epoch
	fresh, err := in.receiver.Data(f)
	if err != nil {
		return err
	}
	e.grew(len(fresh.Body) + snapshot.BatchBytes)
	if fresh.Count > 0 && e.recorder.Recording() {
		in.receiver.GiveAway()
		e.obey(e.recorder.MessagesArrived(in.peer.id, fresh))
	}
	return nil
}

func (in *incoming) arriveMarker(f wire.Marker) error {
	e := in.epoch
	if e.peers[f.Assembler] == nil {
		return fmt.Errorf("marker names unknown assembler %q", f.Assembler)
	}
	marker := snapshot.Marker{Start: e.startOf(f.Snapshot, f.Assembler, f.TimeLeft, f.Wants), Sent: f.Sent, Acked: f.Acked}
	fresh, err := in.receiver.Marker(channel.Marker{Marker: marker, Ordinal: f.Ordinal})
	if err != nil {
		return err
	}
	e.core.log.Trace().Stringer("channel", in).Str("snapshot", string(f.Snapshot)).Uint64("sent", f.Sent).Bool("fresh", fresh).Msg("marker received")
	if fresh && e.mayBegin(marker.Start) {
		e.journalMarker(snapshot.EventMarkerReceived, in.peer, marker)
		e.obey(e.recorder.MarkerReceived(in.peer.id, marker))
		e.begun()
	}
	return nil
}

// acknowledge sends the sender an acknowledgement if there is enough news, or schedules
// one.
func (in *incoming) acknowledge() {
	news, bytes := in.receiver.Unacknowledged()
	delay := ackDelay
	if bytes == 0 {
		delay = ackMarkerDelay
	}
	switch {
	case !in.up(), !news:
	case bytes >= in.receiver.Window/4:
		in.sendAck()
	case in.ackTimer == nil || in.ackTimer.at > in.epoch.core.now+delay:
		in.ackTimer.cancel()
		in.ackTimer = in.epoch.after(delay, in.sendAck)
	}
}

func (in *incoming) sendAck() {
	in.ackTimer.cancel()
	in.ackTimer = nil
	if !in.up() {
		return
	}
	at := in.receiver.Acknowledge()
	if !in.self() {
		in.epoch.core.writeAhead(in.conn, wire.Ack{Position: at})
		return
	}
	out := in.peer.outgoing
	if err := out.sender.Acknowledge(at); err != nil {
		panic("bug: self-channel: " + err.Error())
	}
	out.markDirty()
}
