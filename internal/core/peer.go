package core

import (
	"errors"
	"fmt"
	"slices"

	"chandy/internal/channel"
	"chandy/snapshot"
)

// peer is what a node knows of another process, and of its own.
type peer struct {
	id      snapshot.ProcessID
	address string
	out     *outgoing // nil: no channel to it
	in      *incoming // nil: no channel from it
	channel.Peer
}

// meet takes the incarnation that a peer gave in a hello or a welcome.
func (c *Core) meet(p *peer, incarnation snapshot.Incarnation) error {
	meeting, discarded, err := p.Meet(incarnation)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", p.id, err)
	case meeting == channel.First:
		c.obey(c.recorder.PeerKnown(p.id))
	case meeting == channel.Restarted:
		c.restarted(p, discarded)
	}
	return nil
}

// restarted is what follows from the reset of the channels with a peer: no
// snapshot in progress can be completed, and the old connections have ended.
func (c *Core) restarted(p *peer, discarded channel.Discarded) {
	c.obey(c.recorder.PeerRestarted(p.id))
	c.collectRestarted(p.id)
	c.log.Warn().Str("peer", string(p.id)).Str("incarnation", string(p.Incarnation)).
		Uint64("discarded_outbox", discarded.Outbox).Uint64("discarded_inbox", discarded.Inbox).
		Msg("process restarted, channels reset")
	reset := snapshot.Reset{Process: p.id, Incarnation: p.Incarnation, Unknown: true}
	if out := c.outgoing(p.id); out != nil {
		reset.Discarded = discarded.Outbox
		out.resets = appendReset(out.resets, reset)
		out.story.reset(discarded.Outbox)
		out.touch()
		if out.up {
			c.hangUp(out.conn, false, errRestarted)
		}
	}
	if in := c.incoming(p.id); in != nil {
		reset.Discarded = discarded.Inbox
		in.resets = appendReset(in.resets, reset)
		in.story.reset(discarded.Inbox)
		in.hangUp(errRestarted)
	}
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
func (c *Core) Sent(out int) uint64 { return c.out[out].sender.Sent() }

// Outbox is for the recorder.
func (c *Core) Outbox(out int) (uint64, []snapshot.Batch) { return c.out[out].sender.Outbox() }

// PeerOut is for the recorder.
func (c *Core) PeerOut(out int) (snapshot.Incarnation, []snapshot.Reset) {
	return c.out[out].peer.Incarnation, c.out[out].resets
}

// Received is for the recorder.
func (c *Core) Received(in int) uint64 { return c.in[in].receiver.Received() }

// Inbox is for the recorder.
func (c *Core) Inbox(in int) []snapshot.Batch { return c.in[in].receiver.Inbox() }

// PeerIn is for the recorder.
func (c *Core) PeerIn(in int) (snapshot.Incarnation, []snapshot.Reset) {
	return c.in[in].peer.Incarnation, c.in[in].resets
}
