package core

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"chandy/internal/channel"
	"chandy/snapshot"
	"chandy/wire"
)

// incoming is this end of a channel from peer.
type incoming struct {
	core     *Core
	peer     *peer
	receiver channel.Receiver
	resets   []snapshot.Reset
	conn     ConnID // 0: none
	ackTimer *timer
	story
	stale uint64
	ready bool // in delivery.ready: there may be something to receive
	// touched: something happened that flush may have to acknowledge
	touched bool

	// transit holds the frames of this connection for the emulated transit time.
	transit      []delayed
	transitTimer *timer
}

type delayed struct {
	due   time.Duration
	frame wire.Frame
}

// When the sender is told what arrived: after a quarter of the window, or ackDelay
// after the first message that it does not know. A marker alone may wait longer: it
// costs the sender next to nothing to keep it, and an idle cluster that takes one
// snapshot after another has few other frames.
const (
	ackDelay       = 50 * time.Millisecond
	ackMarkerDelay = time.Second
)

func (in *incoming) channel() snapshot.Channel {
	return snapshot.Channel{From: in.peer.id, To: in.core.self}
}

func (in *incoming) self() bool { return in.peer.id == in.core.self }

func (in *incoming) String() string { return in.channel().String() }

// touch sees to it that the step that is under way acknowledges what happened.
func (in *incoming) touch() {
	if !in.touched {
		in.touched = true
		in.core.touchedIn = append(in.core.touchedIn, in)
	}
}

// queue gives the channel a turn to be received from, if there is anything.
func (in *incoming) queue() {
	if !in.ready && in.receiver.Waiting() > 0 {
		in.ready = true
		in.core.delivery.ready = append(in.core.delivery.ready, in)
	}
}

func (in *incoming) up() bool { return in.conn != 0 || in.self() }

var errReplaced = errors.New("replaced by a new connection")

// accept takes a connection from the peer. It replaces the one that was there,
// whose frames count no longer.
func (in *incoming) accept(conn ConnID) {
	c := in.core
	in.hangUp(errReplaced)
	in.conn = conn
	in.wentUp(c.now)
	c.use(conn, in)
	c.greeted(conn)
	at := in.receiver.Acknowledge()
	c.do(Accept{conn})
	c.write(conn, wire.Welcome{
		Version: wire.Version, Epoch: epoch, Incarnation: c.Incarnation,
		Arrived: at.Arrived, Received: at.Received, Marker: at.Marker, Credit: at.Credit,
	})
	c.log.Info().Str("channel", in.String()).Msg("channel up")
	if out := c.outgoing(in.peer.id); out != nil {
		out.hurry()
	}
	c.checkAllUp()
}

func (in *incoming) hangUp(why error) {
	if in.conn != 0 {
		in.core.hangUp(in.conn, false, why)
	}
}

func (in *incoming) closed(err error) {
	c := in.core
	if err == nil {
		err = errClosed
	}
	in.conn = 0
	in.failed(c.now, true, err)
	in.transit = nil // lost on the way; it will be sent again
	in.transitTimer.cancel()
	in.ackTimer.cancel()
	in.ackTimer = nil
	c.allUp = false
	c.log.Info().AnErr("err", err).Str("channel", in.String()).Msg("channel down")
}

func (in *incoming) frame(f wire.Frame) error {
	switch f.(type) {
	case wire.Data, wire.Marker:
		return in.carry(f)
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

// carry lets a frame arrive after the emulated transit time.
func (in *incoming) carry(f wire.Frame) error {
	delay := in.core.Cluster.Network.Delay
	if delay == 0 {
		return in.arrive(f)
	}
	if data, ok := f.(wire.Data); ok {
		data.Batch.Body = bytes.Clone(data.Batch.Body) // it is lent
		f = data
	}
	in.transit = append(in.transit, delayed{in.core.now + delay, f})
	if len(in.transit) == 1 {
		in.transitTimer = in.core.after(delay, in.land)
	}
	return nil
}

// land lets arrive what is due.
func (in *incoming) land() {
	for len(in.transit) > 0 {
		head := in.transit[0]
		if head.due > in.core.now {
			in.transitTimer = in.core.timers.add(head.due, in.land)
			return
		}
		in.transit = in.transit[1:]
		if m, ok := head.frame.(wire.Marker); ok {
			m.TimeLeft = max(0, m.TimeLeft-in.core.Cluster.Network.Delay)
			head.frame = m
		}
		if err := in.arrive(head.frame); err != nil {
			in.core.violation(in.conn, in, err)
			return
		}
	}
	in.transit = nil
}

func (in *incoming) arrive(f wire.Frame) error {
	c := in.core
	defer in.queue()
	in.touch()
	switch f := f.(type) {
	case wire.Data:
		fresh, err := in.receiver.Data(channel.Data{Batch: f.Batch, Stamp: f.Stamp})
		if err != nil {
			return err
		}
		if fresh.Count > 0 && c.recorder.Recording() {
			in.receiver.Keep()
			c.obey(c.recorder.MessagesArrived(in.peer.id, fresh))
		}
	case wire.Marker:
		marker := snapshot.Marker{
			Start: snapshot.Start{ID: f.Snapshot, Assembler: f.Assembler, Deadline: c.now + f.TimeLeft, Timeout: f.TimeLeft},
			Sent:  f.Sent, Acked: f.Acked,
		}
		if c.peers[f.Assembler] == nil {
			return fmt.Errorf("a marker for assembler %q, which is no process of the cluster", f.Assembler)
		}
		fresh, err := in.receiver.Marker(channel.Marker{Marker: marker, Ordinal: f.Ordinal})
		if err != nil {
			return err
		}
		if fresh {
			c.obey(c.recorder.MarkerReceived(in.peer.id, marker))
			c.watch()
		}
	}
	return nil
}

// acknowledge tells the sender what it does not know yet, if it is enough or old
// enough.
func (in *incoming) acknowledge() {
	untold, bytes := in.receiver.Untold()
	delay := ackDelay
	if bytes == 0 {
		delay = ackMarkerDelay
	}
	switch {
	case !in.up(), !untold:
	case bytes >= in.receiver.Window/4:
		in.tell()
	case in.ackTimer == nil || in.ackTimer.at > in.core.now+delay:
		in.ackTimer.cancel()
		in.ackTimer = in.core.after(delay, in.tell)
	}
}

func (in *incoming) tell() {
	in.ackTimer.cancel()
	in.ackTimer = nil
	if !in.up() {
		return
	}
	at := in.receiver.Acknowledge()
	if !in.self() {
		in.core.write(in.conn, wire.Ack{Arrived: at.Arrived, Received: at.Received, Marker: at.Marker, Credit: at.Credit})
		return
	}
	out := in.core.outgoing(in.peer.id)
	if err := out.sender.Acknowledge(at); err != nil {
		panic("bug: self-channel: " + err.Error())
	}
	out.touch()
}
