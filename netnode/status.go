package netnode

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// ProcessStatus is what a node tells of its process. It is an element of
// "processes" in chandy/status.v1; docs/status.schema.json has it for machines.
type ProcessStatus struct {
	Process     snapshot.ProcessID   `json:"process"`
	Incarnation snapshot.Incarnation `json:"incarnation"`
	Epoch       uint64               `json:"epoch"`
	UptimeMS    float64              `json:"uptime_ms"`
	PID         int                  `json:"pid"`     // of the node
	Program     string               `json:"program"` // kind
	Outgoing    []OutgoingStatus     `json:"outgoing"`
	Incoming    []IncomingStatus     `json:"incoming"`
	Snapshots   []SnapshotStatus     `json:"snapshots"`
}

// LinkStatus is what both ends of a channel tell.
type LinkStatus struct {
	Up      bool    `json:"up"`
	SinceMS float64 `json:"since_ms"` // how long it has been up or down
	// Error is the last one, and how long ago it was.
	Error      string  `json:"error,omitempty"`
	ErrorAgoMS float64 `json:"error_ago_ms,omitempty"`
	Reconnects uint64  `json:"reconnects"` // connections after the first one
	Violations uint64  `json:"violations"` // of the protocol, by the peer
	Resets     uint64  `json:"resets"`     // because the peer restarted
	Discarded  uint64  `json:"discarded"`  // messages that this end threw away in those
}

// OutgoingStatus is the sender's end of a channel.
type OutgoingStatus struct {
	To snapshot.ProcessID `json:"to"`
	LinkStatus
	Sent    uint64 `json:"sent"`
	Acked   uint64 `json:"acked"`
	Markers uint64 `json:"markers"` // sent
	Outbox  Queue  `json:"outbox"`
	Resent  uint64 `json:"resent"` // messages
}

// IncomingStatus is the receiver's end of a channel.
type IncomingStatus struct {
	From snapshot.ProcessID `json:"from"`
	LinkStatus
	Arrived    uint64 `json:"arrived"`
	Received   uint64 `json:"received"`
	Inbox      Queue  `json:"inbox"`
	Duplicates uint64 `json:"duplicates"` // messages dropped because they had arrived
	Stale      uint64 `json:"stale"`      // hellos of incarnations that were replaced
}

// Queue is how much an outbox or an inbox holds.
type Queue struct {
	Messages int `json:"messages"`
	Bytes    int `json:"bytes"`
}

// SnapshotStatus is a snapshot in progress at a process.
type SnapshotStatus struct {
	ID         snapshot.ID        `json:"id"`
	Assembler  snapshot.ProcessID `json:"assembler"`
	TimeLeftMS float64            `json:"time_left_ms"`
	WaitsFor   []string           `json:"waits_for"`
}

// Up tells whether all links of the process are up.
func (s *ProcessStatus) Up() bool {
	return !slices.ContainsFunc(s.Outgoing, func(o OutgoingStatus) bool { return !o.Up }) &&
		!slices.ContainsFunc(s.Incoming, func(in IncomingStatus) bool { return !in.Up })
}

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

func (c *Core) status() ProcessStatus {
	p, _ := c.Cluster.Process(c.self)
	s := ProcessStatus{
		Process: p.ID, Incarnation: c.Incarnation, Epoch: epoch, UptimeMS: milliseconds(c.now), PID: c.PID, Program: p.Program.Kind,
		Outgoing: []OutgoingStatus{}, Incoming: []IncomingStatus{}, Snapshots: c.snapshotStatus(),
	}
	for _, o := range c.out {
		s.Outgoing = append(s.Outgoing, OutgoingStatus{
			To: o.peer.id, LinkStatus: o.story.status(c.now, o.up),
			Sent: o.sender.Sent(), Acked: o.sender.Acked(), Markers: o.sender.Markers(), Outbox: Queue{o.sender.Waiting(), o.sender.Bytes()}, Resent: o.resent,
		})
	}
	for _, in := range c.in {
		s.Incoming = append(s.Incoming, IncomingStatus{
			From: in.peer.id, LinkStatus: in.story.status(c.now, in.up()),
			Arrived: in.receiver.Arrived(), Received: in.receiver.Received(), Inbox: Queue{in.receiver.Waiting(), in.receiver.Bytes()},
			Duplicates: in.receiver.Duplicates(), Stale: in.stale,
		})
	}
	return s
}

// snapshotStatus is what the snapshots in progress wait for: what this process
// records, and as an assembler which parts.
func (c *Core) snapshotStatus() []SnapshotStatus {
	all := []SnapshotStatus{}
	for _, start := range c.recorder.InProgress() {
		all = append(all, SnapshotStatus{start.ID, start.Assembler, milliseconds(start.Deadline - c.now), c.recorder.Waits(start.ID)})
	}
	for id, a := range c.assemblies {
		i := slices.IndexFunc(all, func(s SnapshotStatus) bool { return s.ID == id })
		if i < 0 {
			i = len(all)
			all = append(all, SnapshotStatus{ID: id, Assembler: a.Assembler, TimeLeftMS: milliseconds(a.Deadline - c.now)})
		}
		for _, p := range a.collector.Waits() {
			if p != c.self {
				all[i].WaitsFor = append(all[i].WaitsFor, fmt.Sprintf("the part of %s", p))
			}
		}
	}
	slices.SortFunc(all, func(a, b SnapshotStatus) int { return strings.Compare(string(a.ID), string(b.ID)) })
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

func (s *story) status(now time.Duration, up bool) LinkStatus {
	l := LinkStatus{
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
