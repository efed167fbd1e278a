package core

import (
	"errors"
	"fmt"
	"time"

	"chandy/internal/channel"
	"chandy/snapshot"
	"chandy/wire"
)

// dialling is a connection that this node opened.
type dialling interface {
	connection
	dialled() // the connection is there
}

// dialler opens a connection to a peer's node and opens it again when it breaks,
// with back-off and jitter. It is the part that all connections dialled by a node
// have in common.
type dialler struct {
	conn    ConnID               // 0: none
	knew    snapshot.Incarnation // of the peer, when the hello was written
	up      bool                 // welcomed
	backoff time.Duration
	retry   *timer
	story
}

const (
	backoffMin   = 20 * time.Millisecond
	backoffMax   = time.Second
	HelloTimeout = 5 * time.Second
)

// again schedules the next attempt: after a random time between half the back-off
// and all of it, which doubles each time.
func (d *dialler) again(c *Core, dial func()) {
	d.backoff = min(max(backoffMin, 2*d.backoff), backoffMax)
	d.retry.cancel()
	d.retry = c.after(d.backoff/2+time.Duration(c.Options.Rand.Int64N(int64(d.backoff/2))), dial)
}

// greet says hello and sees to it that an answer comes in time.
func (d *dialler) greet(c *Core, role wire.Role, p *peer) {
	conn := d.conn
	d.knew = p.Incarnation
	c.write(conn, wire.Hello{
		Role: role, VersionMin: wire.Version, VersionMax: wire.Version,
		Cluster: c.Cluster.Name, ConfigHash: c.hash, Epoch: epoch,
		From: c.self, To: p.id, Incarnation: c.Incarnation, Peer: p.Incarnation,
	})
	c.after(HelloTimeout, func() {
		if d.conn == conn && !d.up {
			c.hangUp(conn, false, fmt.Errorf("no answer to the hello within %v", HelloTimeout))
		}
	})
}

// epoch is the history of the cluster: the first one.
const epoch = 1

func (d *dialler) welcomed(c *Core) {
	c.greeted(d.conn)
	d.up, d.backoff = true, 0
	d.wentUp(c.now)
}

// ended takes the end of the connection and tells whether that is news.
func (d *dialler) ended(c *Core, err error) (wasUp, news bool) {
	if err == nil {
		err = errClosed
	}
	wasUp = d.up
	news = wasUp || d.lastErr == nil || d.lastErr.Error() != err.Error()
	d.failed(c.now, wasUp, err)
	d.conn, d.up = 0, false
	return wasUp, news
}

var errClosed = errors.New("the peer closed the connection")

// refusedError is a refusal by the peer.
type refusedError struct{ wire.Refuse }

func (e refusedError) Error() string { return fmt.Sprintf("refused: %s: %s", e.Code, e.Text) }

// outgoing is this end of a channel to peer.
type outgoing struct {
	core   *Core
	peer   *peer
	sender channel.Sender
	resets []snapshot.Reset
	resent uint64 // messages that may have been sent on an earlier connection
	weight int    // bytes of the outbox in Core.outboxes
	full   bool   // over high water, see weigh
	// touched: something happened that flush may have to write
	touched bool
	dialler
}

func (o *outgoing) channel() snapshot.Channel {
	return snapshot.Channel{From: o.core.self, To: o.peer.id}
}

func (o *outgoing) self() bool { return o.peer.id == o.core.self }

func (o *outgoing) String() string { return o.channel().String() }

func (o *outgoing) start() {
	if !o.self() {
		o.dial()
		return
	}
	o.up = true
	if err := o.sender.Resume(o.core.incoming(o.peer.id).receiver.Acknowledge()); err != nil {
		panic("bug: self-channel: " + err.Error())
	}
}

// touch sees to it that the step that is under way flushes the channel.
func (o *outgoing) touch() {
	if !o.touched {
		o.touched = true
		o.core.touchedOut = append(o.core.touchedOut, o)
	}
}

func (o *outgoing) dial() { o.conn = o.core.dialNew(o.peer.address, o) }

func (o *outgoing) dialled() { o.greet(o.core, wire.RoleChannel, o.peer) }

func (o *outgoing) frame(f wire.Frame) error {
	switch f := f.(type) {
	case wire.Refuse:
		o.core.hangUp(o.conn, false, refusedError{f})
		return nil
	case wire.Welcome:
		if !o.up {
			return o.welcome(f)
		}
	case wire.Ack:
		if o.up {
			o.touch()
			return o.sender.Acknowledge(channel.Position{Arrived: f.Arrived, Received: f.Received, Marker: f.Marker, Credit: f.Credit})
		}
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

func (o *outgoing) welcome(w wire.Welcome) error {
	c := o.core
	if in := c.incoming(o.peer.id); !o.peer.Knows(w.Incarnation) && (o.peer.Incarnation != o.knew || in != nil && in.conn != 0) {
		// The old one has just died, and its connection will be found dead; or this
		// welcome is late and its node is dead; or two nodes run as the same process.
		// The next attempt tells.
		c.hangUp(o.conn, false, fmt.Errorf("incarnation %s listens there, but %s is known", w.Incarnation, o.peer.Incarnation))
		return nil
	}
	if err := c.meet(o.peer, w.Incarnation); err != nil {
		c.hangUp(o.conn, false, err)
		return nil
	}
	at := channel.Position{Arrived: w.Arrived, Received: w.Received, Marker: w.Marker, Credit: w.Credit}
	if err := o.sender.Resume(at); err != nil {
		c.log.Error().Err(err).Str("channel", o.String()).Msg("channel broken")
		c.hangUp(o.conn, false, err)
		return nil
	}
	o.welcomed(c)
	o.touch()
	resent := o.sender.Resent()
	o.resent += resent
	c.log.Info().Str("channel", o.String()).Uint64("resent", resent).Msg("channel up")
	c.checkAllUp()
	return nil
}

func (o *outgoing) closed(err error) {
	if err == nil {
		err = errClosed
	}
	o.sender.Disconnect()
	if wasUp, news := o.ended(o.core, err); wasUp {
		o.core.log.Info().AnErr("err", err).Str("channel", o.String()).Msg("channel down")
		o.core.allUp = false
	} else if refused := (refusedError{}); news && errors.As(err, &refused) {
		o.core.log.Warn().Err(err).Str("channel", o.String()).Msg("refused, trying again")
	} else if news {
		o.core.log.Info().AnErr("err", err).Str("channel", o.String()).Msg("no connection yet, trying again")
	}
	if !o.core.stopping {
		o.again(o.core, o.dial)
	}
}

// hurry dials at once instead of after the back-off: the peer has just been heard
// of.
func (o *outgoing) hurry() {
	if o.conn == 0 && !o.self() {
		o.backoff = 0
		o.retry.cancel()
		o.dial()
	}
}

// flush hands what may be written to the connection. Markers that go ahead do so
// there too.
func (o *outgoing) flush() {
	c := o.core
	if o.self() {
		for f, _ := o.next(); f != nil; f, _ = o.next() {
			c.incoming(o.peer.id).carry(f)
		}
		return
	}
	begin, ahead := len(c.frames), false
	write := func() {
		if begin < len(c.frames) {
			c.do(Write{o.conn, c.frames[begin:], ahead})
		}
		begin = len(c.frames)
	}
	for {
		f, goes := o.next()
		if f == nil {
			write()
			return
		}
		if goes != ahead {
			write()
			ahead = goes
		}
		c.frames = append(c.frames, f)
	}
}

// next gives the frame that may be written next, and whether it goes ahead of what
// was handed over before; nil: there is none.
func (o *outgoing) next() (f wire.Frame, ahead bool) {
	if !o.up {
		return nil, false
	}
	marker, data := o.sender.Next()
	switch {
	case marker != nil:
		return wire.Marker{
			Ordinal: marker.Ordinal, Snapshot: marker.ID, Assembler: marker.Assembler,
			TimeLeft: max(0, marker.Deadline-o.core.now), Sent: marker.Sent, Acked: marker.Acked,
		}, o.sender.Rule == channel.Ahead
	case data != nil:
		return wire.Data{Stamp: data.Stamp, Batch: data.Batch}, false
	}
	return nil, false
}
