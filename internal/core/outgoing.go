package core

import (
	"errors"
	"fmt"
	"slices"

	"chandy/internal/channel"
	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

// outgoing is this node's half of a channel to peer.
type outgoing struct {
	epoch    *epoch
	peer     *peer
	sender   channel.Sender
	resets   []snapshot.Reset
	resent   uint64 // messages that may have been sent on an earlier connection too
	bytes    int    // of the outbox, as counted in epoch.outboxBytes
	overHigh bool   // counted in delivery.overHigh
	// sentBefore is how many messages were sent before the last reset.
	sentBefore uint64
	dirty      bool // in epoch.dirtyOut: flush may have something to write
	quiet      bool // the last error was logged at the level of the start
	dialler
}

func (o *outgoing) channel() snapshot.Channel {
	return snapshot.Channel{From: o.epoch.core.self, To: o.peer.id}
}

// self reports whether the channel leads from the process to itself. Such a channel has
// no connection and is always up.
func (o *outgoing) self() bool { return o.peer.id == o.epoch.core.self }

func (o *outgoing) String() string { return o.channel().String() }

func (o *outgoing) start() {
	if !o.self() {
		o.dial()
		return
	}
	o.up = true
	if err := o.sender.Resume(o.peer.incoming.receiver.Acknowledge()); err != nil {
		panic("bug: self-channel: " + err.Error())
	}
}

// markDirty makes the current step flush the channel.
func (o *outgoing) markDirty() {
	if !o.dirty {
		o.dirty = true
		o.epoch.dirtyOut = append(o.epoch.dirtyOut, o)
	}
}

// send puts a copy of a message into the outbox. It ends the node if an outbox, or all
// of them together, exceeds its limit: a message must not be dropped.
func (o *outgoing) send(payload []byte) {
	e, limits := o.epoch, &o.epoch.core.Cluster.Network
	o.sender.Send(payload)
	if e.journal != nil {
		e.journal.Message(snapshot.EventSent, e.core.now, o.peer.index, o.sender.Sent(), payload)
	}
	o.markDirty()
	o.accountOutbox()
	if o.sender.Bytes() > int(limits.OutboxLimit) {
		e.core.exit(fmt.Errorf("the outbox of channel %s holds more than %d KiB (outbox_limit): is %s down or too slow?",
			o, limits.OutboxLimit>>10, o.peer.id))
	}
	if e.outboxBytes > int(limits.OutboxTotal) {
		largest := e.largestOutbox()
		e.core.exit(fmt.Errorf("the outboxes hold more than %d KiB (outbox_total), most of it channel %s: is %s down or too slow?",
			limits.OutboxTotal>>10, largest, largest.peer.id))
	}
}

// largestOutbox returns the channel whose outbox holds most. There must be one.
func (e *epoch) largestOutbox() *outgoing {
	return slices.MaxFunc(e.out, func(a, b *outgoing) int { return a.sender.Bytes() - b.sender.Bytes() })
}

// accountOutbox keeps the count of bytes in all outboxes, and what is above its
// high-water mark: outboxes, and all of them together.
func (o *outgoing) accountOutbox() {
	e, bytes, limits := o.epoch, o.sender.Bytes(), &o.epoch.core.Cluster.Network
	e.outboxBytes += bytes - o.bytes
	e.grew(max(0, bytes-o.bytes))
	o.bytes = bytes
	was := o.overHigh
	o.overHigh = above(was, bytes, limits.OutboxHigh)
	switch {
	case !was && o.overHigh:
		e.delivery.overHigh++
	case was && !o.overHigh:
		e.delivery.overHigh--
	}
	e.delivery.overTotal = above(e.delivery.overTotal, e.outboxBytes, limits.OutboxTotalHigh)
}

// above reports whether bytes are above the high-water mark, where was is its last
// result. They count as above it until they are down to half of it, so that a program
// that was held back can then send more than one message.
func above(was bool, bytes int, high config.Size) bool {
	if was {
		high /= 2
	}
	return bytes > int(high)
}

func (o *outgoing) dial() { o.conn = o.epoch.core.dial(o.peer, o) }

func (o *outgoing) dialled() { o.sendHello(o.epoch, wire.RoleChannel, o.peer) }

func (o *outgoing) frame(f wire.Frame) error {
	switch f := f.(type) {
	case wire.Welcome:
		if !o.up {
			return o.welcome(f)
		}
	case wire.Ack:
		if o.up {
			o.markDirty()
			return o.sender.Acknowledge(f.Position)
		}
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

func (o *outgoing) welcome(w wire.Welcome) error {
	e, c := o.epoch, o.epoch.core
	if err := e.checkWelcome(w); err != nil {
		return err
	}
	if in := o.peer.incoming; !o.peer.Knows(w.Incarnation) && (o.peer.Incarnation != o.knew || in != nil && in.conn != 0) {
		// The known incarnation has just died and its connection will be found dead; or
		// this welcome is late and the node that sent it is dead; or two nodes run as
		// the same process. The next attempt decides.
		c.hangUp(o.conn, false, fmt.Errorf("peer is incarnation %s, expected %s", w.Incarnation, o.peer.Incarnation))
		return nil
	}
	if err := e.meet(o.peer, w.Incarnation); err != nil {
		c.hangUp(o.conn, false, err)
		return nil
	}
	if err := o.sender.Resume(w.Position); err != nil {
		c.log.Error().Err(err).Str("channel", o.String()).Msg("channel broken")
		c.hangUp(o.conn, false, err)
		return nil
	}
	o.welcomed(c, o.peer)
	e.watchLonely(o)
	o.markDirty()
	resent := o.sender.Resent()
	o.resent += resent
	c.logStart().Str("channel", o.String()).Uint64("resent", resent).Msg("channel up")
	e.checkAllUp()
	return nil
}

func (o *outgoing) closed(err error) {
	if err == nil {
		err = errClosed
	}
	e, log := o.epoch, &o.epoch.core.log
	o.sender.Disconnect()
	if wasUp, news := o.connClosed(e.core, err); wasUp {
		log.Info().AnErr("err", err).Str("channel", o.String()).Msg("channel down")
		e.allUp = false
	} else if behind := (refusedError{}); errors.As(err, &behind) && behind.Code == wire.WrongEpoch {
		log.Debug().Err(err).Str("channel", o.String()).Msg("refused, trying again")
	} else if refused, untrusted := (refusedError{}), (*Untrusted)(nil); errors.As(err, &refused) || errors.As(err, &untrusted) {
		if e.core.warns("refusal of " + o.String()) {
			log.Warn().Err(err).Str("channel", o.String()).Msg("refused, trying again")
		}
	} else if news || o.quiet && !e.core.starting() {
		o.quiet = e.core.starting()
		e.core.logStart().AnErr("err", err).Str("channel", o.String()).Msg("no connection yet, trying again")
	}
	e.checkDuplicate(o.peer, err)
	if !e.core.stopping {
		o.redialLater(e, o.dial)
	}
}

// redialNow dials at once instead of after the back-off, because the peer has just
// been heard from.
func (o *outgoing) redialNow() {
	if o.conn == 0 && !o.self() {
		o.backoff = 0
		o.retry.cancel()
		o.dial()
	}
}

// flush hands the connection whatever the channel allows to be written. Markers that
// go ahead overtake frames that wait in the connection too.
func (o *outgoing) flush() {
	c := o.epoch.core
	if o.self() {
		for f, _ := o.next(); f != nil; f, _ = o.next() {
			o.peer.incoming.emulateDelay(f)
		}
		return
	}
	begin, ahead := len(c.frames), false
	write := func() {
		if begin < len(c.frames) {
			c.emit(Write{o.conn, c.frames[begin:], ahead})
		}
		begin = len(c.frames)
	}
	for {
		f, goesAhead := o.next()
		if f == nil {
			write()
			return
		}
		if goesAhead != ahead {
			write()
			ahead = goesAhead
		}
		if data, ok := f.(wire.Data); ok && data.Long() {
			for fragment := range data.Fragments() {
				c.frames = append(c.frames, fragment)
			}
			continue
		}
		c.frames = append(c.frames, f)
	}
}

// next returns the frame that may be written next, or nil. It reports whether the frame
// goes ahead of frames that were handed over earlier.
func (o *outgoing) next() (f wire.Frame, ahead bool) {
	if !o.up {
		return nil, false
	}
	marker, data := o.sender.Next()
	switch {
	case marker != nil:
		return wire.Marker{
			Ordinal: marker.Ordinal, Snapshot: marker.ID, Assembler: marker.Assembler,
			TimeLeft: max(0, marker.Deadline-o.epoch.core.now), Sent: marker.Sent, Acked: marker.Acked, Wants: marker.Wants,
		}, o.sender.Rule == channel.Ahead
	case data != nil:
		return *data, false
	}
	return nil, false
}
