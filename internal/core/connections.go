package core

import (
	"fmt"

	"chandy/wire"
)

// connState is what a Core knows of an open or dialled connection.
type connState struct {
	handler handler    // nil once the connection has another handler: look it up again
	alive   *keepalive // nil until the connection serves its purpose
}

// handler is the purpose of a connection: one half of a channel, a session …
type handler interface {
	// frame takes a frame that arrived. An error is a violation of the protocol and
	// ends the connection.
	frame(wire.Frame) error
	// closed is called when the connection has ended and left Core.conns. A nil err
	// means that the peer closed it.
	closed(err error)
	String() string
}

// dialHandler is the handler of a connection that this node opens.
type dialHandler interface {
	handler
	dialled() // the connection is open
}

// handle makes h the handler of a connection that has none.
func (c *Core) handle(id ConnID, h handler) {
	if c.conns[id] != nil {
		panic("bug: a connection with two handlers")
	}
	c.conns[id] = &connState{handler: h}
}

// unhandle forgets a connection and returns its handler, or nil if there is none.
func (c *Core) unhandle(id ConnID) (h handler) {
	if one := c.conns[id]; one != nil {
		h, one.handler = one.handler, nil
		delete(c.conns, id)
	}
	return h
}

// dial opens a connection to the node of a peer.
func (c *Core) dial(p *peer, h dialHandler) ConnID {
	c.lastConn++
	c.handle(c.lastConn, h)
	c.emit(Dial{c.lastConn, p.id, p.address})
	return c.lastConn
}

func (c *Core) dialled(e Dialled) {
	one := c.conns[e.Conn]
	switch {
	case e.Err != nil:
		c.drop(e.Conn, e.Err)
	case one == nil: // given up meanwhile
		c.emit(Close{e.Conn, false})
	default:
		one.handler.(dialHandler).dialled()
	}
}

func (c *Core) arrived(e Arrived) {
	one := c.conns[e.Conn]
	for _, f := range e.Frames {
		if one != nil && one.handler == nil { // the frame before this one replaced the handler
			one = c.conns[e.Conn]
		}
		if one == nil {
			return // this node has closed the connection; the remaining frames are lost
		}
		h := one.handler
		if refuse, ok := f.(wire.Refuse); ok {
			if refuse.Code == wire.ConfigurationDiffers {
				refuse.Text += c.Cluster.Compare(refuse.Text)
			}
			epoch := refuse.Epoch()
			c.hangUp(e.Conn, false, refusedError{refuse})
			c.agree.mentioned(epoch) // without it a node that missed a decision would stay behind
			return
		}
		if _, deciding := h.(*takeover); !deciding && c.heard(e.Conn, one, f) {
			continue
		}
		if err := h.frame(f); err != nil {
			c.violation(e.Conn, h, err)
			return
		}
	}
}

// violation ends a connection whose peer broke the protocol.
func (c *Core) violation(id ConnID, h handler, err error) {
	if c.warns("violation on " + h.String()) {
		c.log.Warn().Err(err).Str("connection", h.String()).Msg("protocol violation, connection closed")
	}
	c.write(id, wire.Refuse{Code: wire.ProtocolViolation, Text: err.Error()})
	c.hangUp(id, true, fmt.Errorf("%w: %w", wire.ErrViolation, err))
}

// hangUp ends a connection from this side. With flush, frames that are queued are
// written first.
func (c *Core) hangUp(id ConnID, flush bool, err error) {
	if _, ok := c.conns[id]; ok {
		c.emit(Close{id, flush})
		c.drop(id, err)
	}
}

// drop forgets a connection that has ended, and calls its handler.
func (c *Core) drop(id ConnID, err error) {
	if h := c.unhandle(id); h != nil {
		h.closed(err)
	}
}

// write writes frames on a connection. They join the Write before them if that is on
// the same connection.
func (c *Core) write(id ConnID, frames ...wire.Frame) { c.emitWrite(id, false, frames) }

// writeAhead writes a frame that may overtake others, so that it does not wait behind much
// that is queued. The host bounds what waits there, so the answers that a peer causes go
// this way.
func (c *Core) writeAhead(id ConnID, f wire.Frame) { c.emitWrite(id, true, []wire.Frame{f}) }

func (c *Core) emitWrite(id ConnID, ahead bool, frames []wire.Frame) {
	begin := len(c.frames)
	if last := len(c.effects) - 1; last >= 0 {
		if before, ok := c.effects[last].(Write); ok && before.Conn == id && before.Ahead == ahead {
			begin -= len(before.Frames)
			c.effects = c.effects[:last]
		}
	}
	c.frames = append(c.frames, frames...)
	c.emit(Write{Conn: id, Frames: c.frames[begin:], Ahead: ahead})
}
