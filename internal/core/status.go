package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"chandy/wire"
)

// waiter is a status request that is answered when all channels are up.
type waiter struct {
	session *session
	number  uint64
}

// status answers a status request: at once, or when all channels are up.
func (s *session) status(number uint64, whenUp bool) {
	c := s.core
	if whenUp && !c.allUp {
		c.awaitingUp = append(c.awaitingUp, waiter{s, number})
		return
	}
	s.result(number, mustJSON(c.status()), []byte("{}"))
}

func (c *Core) status() wire.ProcessStatus {
	p, _ := c.Cluster.Process(c.self)
	s := wire.ProcessStatus{
		Process: p.ID, Incarnation: c.Incarnation, Epoch: epoch, UptimeMS: milliseconds(c.now), PID: c.PID, Program: p.Program.Kind,
		Outgoing: []wire.OutgoingStatus{}, Incoming: []wire.IncomingStatus{}, Snapshots: c.snapshotStatus(),
	}
	for _, o := range c.out {
		s.Outgoing = append(s.Outgoing, wire.OutgoingStatus{
			To: o.peer.id, LinkStatus: o.story.status(c.now, o.up),
			Sent: o.sender.Sent(), Acked: o.sender.Acked(), Markers: o.sender.Markers(), Outbox: wire.Queue{Messages: o.sender.Waiting(), Bytes: o.sender.Bytes()}, Resent: o.resent,
		})
	}
	for _, in := range c.in {
		s.Incoming = append(s.Incoming, wire.IncomingStatus{
			From: in.peer.id, LinkStatus: in.story.status(c.now, in.up()),
			Arrived: in.receiver.Arrived(), Received: in.receiver.Received(), Inbox: wire.Queue{Messages: in.receiver.Waiting(), Bytes: in.receiver.Bytes()},
			Duplicates: in.receiver.Duplicates(), Stale: in.stale,
		})
	}
	return s
}

// snapshotStatus is what the snapshots in progress wait for: what this process
// records, and as an assembler which parts.
func (c *Core) snapshotStatus() []wire.SnapshotStatus {
	all := []wire.SnapshotStatus{}
	for _, start := range c.recorder.InProgress() {
		all = append(all, wire.SnapshotStatus{
			ID: start.ID, Assembler: start.Assembler, TimeLeftMS: milliseconds(start.Deadline - c.now), WaitsFor: c.recorder.Waits(start.ID),
		})
	}
	for id, a := range c.assemblies {
		i := slices.IndexFunc(all, func(s wire.SnapshotStatus) bool { return s.ID == id })
		if i < 0 {
			i = len(all)
			all = append(all, wire.SnapshotStatus{ID: id, Assembler: a.Assembler, TimeLeftMS: milliseconds(a.Deadline - c.now)})
		}
		for _, p := range a.collector.Waits() {
			if p != c.self {
				all[i].WaitsFor = append(all[i].WaitsFor, fmt.Sprintf("the part of %s", p))
			}
		}
	}
	slices.SortFunc(all, func(a, b wire.SnapshotStatus) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for i := range all {
		if all[i].WaitsFor == nil {
			all[i].WaitsFor = []string{}
		}
	}
	return all
}

// story is what has happened to one end of a channel.
type story struct {
	since   time.Duration // up or down
	lastErr error
	erred   time.Duration // when that was
	ups     uint64

	violations uint64 // that ended a connection
	resets     uint64
	discarded  uint64
}

func (s *story) wentUp(now time.Duration) {
	s.since = now
	s.ups++
}

// failed takes an error, and whether the link was up until then.
func (s *story) failed(now time.Duration, wasUp bool, err error) {
	if wasUp {
		s.since = now
	}
	s.lastErr, s.erred = err, now
	if errors.Is(err, wire.ErrViolation) {
		s.violations++
	}
}

func (s *story) status(now time.Duration, up bool) wire.LinkStatus {
	l := wire.LinkStatus{
		Up: up, SinceMS: milliseconds(now - s.since), Reconnects: max(s.ups, 1) - 1,
		Violations: s.violations, Resets: s.resets, Discarded: s.discarded,
	}
	if s.lastErr != nil {
		l.Error, l.ErrorAgoMS = s.lastErr.Error(), milliseconds(now-s.erred)
	}
	return l
}

// reset tells that the channel began again, and of how many messages this end threw
// away.
func (s *story) reset(discarded uint64) {
	s.resets++
	s.discarded += discarded
}

// checkAllUp says once, after each time that one was down, that all channels of
// this process are up.
func (c *Core) checkAllUp() {
	if c.allUp {
		return
	}
	for _, out := range c.out {
		if !out.up {
			return
		}
	}
	for _, in := range c.in {
		if !in.up() {
			return
		}
	}
	c.allUp = true
	c.log.Info().Int("outgoing", len(c.out)).Int("incoming", len(c.in)).Msg("all channels up")
	waiting := c.awaitingUp
	c.awaitingUp = nil
	for _, w := range waiting {
		w.session.status(w.number, true)
	}
}
