package core

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"chandy/internal/channel"
	"chandy/snapshot"
)

// peer is what an epoch knows of one process. Its own process is a peer too.
type peer struct {
	id       snapshot.ProcessID
	address  string
	index    uint16    // in Topology.Processes, for the journal
	remote   string    // where its node last connected from; empty if it has not
	outgoing *outgoing // nil if there is no channel to it
	incoming *incoming // nil if there is no channel from it
	channel.Peer

	contributor *contributor // its connection for parts; nil if there is none
	takeovers   int          // connections of handler takeover

	// Set while the peer refuses this node because another one runs as the same process,
	// see checkDuplicate. otherWait is zero otherwise.
	otherSince, otherWait time.Duration
}

// connectedFrom returns where the node of the peer has connected from, as the end of a text,
// or nothing if that is not known.
func (p *peer) connectedFrom() string {
	if p.remote == "" {
		return ""
	}
	return ", connected from " + p.remote
}

var (
	errRestarted  = errors.New("the peer restarted")
	errReplaced   = errors.New("replaced by a new connection")
	errClosed     = errors.New("the peer closed the connection")
	errEpochEnded = errors.New("the epoch has ended")
)

// meet takes the incarnation that a peer named in a hello or a welcome.
func (e *epoch) meet(p *peer, incarnation snapshot.Incarnation) error {
	var sent, arrived uint64
	if p.outgoing != nil {
		sent = p.outgoing.sender.Sent()
	}
	if p.incoming != nil {
		arrived = p.incoming.receiver.Arrived()
	}
	meeting, discarded, err := p.Meet(incarnation)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", p.id, err)
	case meeting == channel.First:
		e.obey(e.recorder.PeerKnown(p.id))
	case meeting == channel.Restarted:
		if p.outgoing != nil {
			p.outgoing.sentBefore += sent
		}
		if p.incoming != nil {
			p.incoming.arrivedBefore += arrived
		}
		e.restarted(p, discarded)
	}
	e.core.agree.met(p.id, incarnation, e.number)
	return nil
}

// restarted follows the reset of the channels with a peer that restarted. No snapshot
// in progress can become complete, and the connections with the old incarnation end.
func (e *epoch) restarted(p *peer, discarded channel.Discarded) {
	c := e.core
	e.obey(e.recorder.PeerRestarted(p.id))
	e.collectRestarted(p.id)
	recovers := c.agree != nil && c.agree.recovers // the epoch is about to end, with its channels
	if recovers {
		c.log.Info().Str("peer", string(p.id)).Str("incarnation", string(p.Incarnation)).Msg("process restarted")
	} else {
		c.log.Warn().Str("peer", string(p.id)).Str("incarnation", string(p.Incarnation)).
			Uint64("discarded_outbox", discarded.Outbox).Uint64("discarded_inbox", discarded.Inbox).
			Msg("process restarted, channels reset")
	}
	if e.journal != nil {
		e.journal.Forget(p.index)
	}
	reset := snapshot.Reset{Process: p.id, Incarnation: p.Incarnation, Unknown: true}
	if out := p.outgoing; out != nil {
		reset.Discarded = discarded.Outbox
		out.resets = appendReset(out.resets, reset)
		if !recovers {
			out.stats.reset(discarded.Outbox)
		}
		out.markDirty()
		if out.up {
			c.hangUp(out.conn, false, errRestarted)
		}
	}
	if in := p.incoming; in != nil {
		reset.Discarded = discarded.Inbox
		in.resets = appendReset(in.resets, reset)
		if !recovers {
			in.stats.reset(discarded.Inbox)
		}
		in.hangUp(errRestarted)
	}
}

// appendReset keeps the last resetsMax resets. It copies the list, because recordings
// may refer to the old one.
func appendReset(all []snapshot.Reset, r snapshot.Reset) []snapshot.Reset {
	const resetsMax = 16
	all = append(slices.Clone(all), r)
	return all[max(0, len(all)-resetsMax):]
}

// channels is what the recorder sees of the channels: [snapshot.Channels].
type channels struct{ epoch *epoch }

func (c channels) Sent(out int) uint64 { return c.epoch.out[out].sender.Sent() }

func (c channels) Outbox(out int) (uint64, []snapshot.Batch) {
	sender := &c.epoch.out[out].sender
	c.epoch.grew(sender.Bytes())
	return sender.Outbox()
}

func (c channels) PeerOut(out int) (snapshot.Incarnation, []snapshot.Reset) {
	return c.epoch.out[out].peer.Incarnation, c.epoch.out[out].resets
}

func (c channels) Received(in int) uint64 { return c.epoch.in[in].receiver.Received() }

func (c channels) Inbox(in int) []snapshot.Batch {
	receiver := &c.epoch.in[in].receiver
	c.epoch.grew(receiver.Bytes())
	return receiver.Inbox()
}

func (c channels) PeerIn(in int) (snapshot.Incarnation, []snapshot.Reset) {
	return c.epoch.in[in].peer.Incarnation, c.epoch.in[in].resets
}
