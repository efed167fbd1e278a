package netnode

import (
	"errors"
	"fmt"
	"slices"

	"chandy/internal/channel"
	"chandy/snapshot"
)

// peer is what a node knows of another process, and of its own.
type peer struct {
	id          snapshot.ProcessID
	address     string
	incarnation snapshot.Incarnation   // empty: never heard of
	dead        []snapshot.Incarnation // those before it, at most deadMax
}

const deadMax = 64

// meet takes the incarnation that a peer gave in a hello or a welcome. A new one
// means that the peer restarted: both channels with it are reset, in one step.
func (c *Core) meet(p *peer, incarnation snapshot.Incarnation) error {
	switch {
	case incarnation == p.incarnation:
	case slices.Contains(p.dead, incarnation):
		return fmt.Errorf("incarnation %s of %s was replaced by %s", incarnation, p.id, p.incarnation)
	case p.incarnation == "":
		p.incarnation = incarnation
		c.obey(c.recorder.PeerKnown(p.id))
	default:
		c.restarted(p, incarnation)
	}
	return nil
}

// restarted resets the channels with a peer whose new incarnation was heard of.
// What the survivor holds for the dead one is discarded and counted; what the
// dead one held is unknown.
func (c *Core) restarted(p *peer, incarnation snapshot.Incarnation) {
	c.obey(c.recorder.PeerRestarted(p.id))
	p.dead = append(p.dead, p.incarnation)
	if len(p.dead) > deadMax {
		p.dead = p.dead[1:]
	}
	p.incarnation = incarnation
	reset := snapshot.Reset{Process: p.id, Incarnation: incarnation, Unknown: true}
	event := c.log.Warn().Str("peer", string(p.id)).Str("incarnation", string(incarnation))
	if out := c.outgoing(p.id); out != nil {
		reset.Discarded = uint64(out.sender.Waiting())
		out.resets = appendReset(out.resets, reset)
		event = event.Uint64("discarded_outbox", reset.Discarded)
		out.sender = channel.Sender{}
		if out.up {
			c.hangUp(out.conn, false, errRestarted)
		}
	}
	if in := c.incoming(p.id); in != nil {
		reset.Discarded = uint64(in.receiver.Waiting())
		in.resets = appendReset(in.resets, reset)
		event = event.Uint64("discarded_inbox", reset.Discarded)
		in.receiver = channel.Receiver{Window: windowBytes}
		in.hangUp(errRestarted)
	}
	event.Msg("process restarted, channels reset")
}

var errRestarted = errors.New("the peer restarted")

// appendReset keeps the last resetsMax.
func appendReset(all []snapshot.Reset, r snapshot.Reset) []snapshot.Reset {
	const resetsMax = 16
	all = append(slices.Clone(all), r)
	return all[max(0, len(all)-resetsMax):]
}

// What the recorder asks: Core is its snapshot.Channels.

// Sent is for the recorder.
func (c *Core) Sent(to snapshot.ProcessID) uint64 { return c.outgoing(to).sender.Sent() }

// Outbox is for the recorder.
func (c *Core) Outbox(to snapshot.ProcessID) (uint64, []snapshot.Batch) {
	return c.outgoing(to).sender.Outbox()
}

// Received is for the recorder.
func (c *Core) Received(from snapshot.ProcessID) uint64 {
	return c.incoming(from).receiver.Received()
}

// Inbox is for the recorder.
func (c *Core) Inbox(from snapshot.ProcessID) []snapshot.Batch {
	return c.incoming(from).receiver.Inbox()
}

// Peer is for the recorder.
func (c *Core) Peer(ch snapshot.Channel) (snapshot.Incarnation, []snapshot.Reset) {
	if ch.From == c.CoreOptions.ID {
		return c.peers[ch.To].incarnation, c.outgoing(ch.To).resets
	}
	return c.peers[ch.From].incarnation, c.incoming(ch.From).resets
}
