package core

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"chandy/program"
	"chandy/wire"
)

// waiter is a status request that is answered once this process is up.
type waiter struct {
	session *session
	number  uint64
}

// status answers a status request, at once or when the process is up. One request of a client
// may wait. With more, a single client of the lowest role could keep others from waiting.
func (s *session) status(number uint64, whenUp bool) {
	c := s.core
	if whenUp && (c.epoch == nil || !c.epoch.isUp()) {
		if slices.ContainsFunc(c.awaitingUp, func(w waiter) bool { return w.session == s }) {
			s.fail(number, wire.CodeLimit, fmt.Sprintf("a request of this client waits already until %s is up", c.self))
			return
		}
		c.awaitingUp = append(c.awaitingUp, waiter{s, number})
		return
	}
	s.reply(number, mustJSON(c.status()), []byte("{}"))
}

// isUp reports whether the program is ready and all channels are up.
func (e *epoch) isUp() bool { return e.allUp && e.preparing() == "" }

// preparing returns what the program waits for before it is ready, or an empty text.
func (e *epoch) preparing() string {
	if text := e.core.agree.recovering(); text != "" {
		return fmt.Sprintf("%s: %s", e.core.self, text)
	}
	if e.program == nil {
		return fmt.Sprintf("%s waits for the other processes, to go on from a saved snapshot", e.core.self)
	}
	if p, ok := e.program.(program.Preparer); ok && e.started {
		return p.Preparing()
	}
	return ""
}

// answerUp answers the clients that wait until the process is up, if it is.
func (e *epoch) answerUp() {
	if len(e.core.awaitingUp) == 0 || !e.isUp() {
		return
	}
	waiting := e.core.awaitingUp
	e.core.awaitingUp = nil
	for _, w := range waiting {
		w.session.status(w.number, true)
	}
}

func (c *Core) status() wire.ProcessStatus {
	p, _ := c.Cluster.Process(c.self)
	s := wire.ProcessStatus{
		Process: p.ID, Incarnation: c.Incarnation, Epoch: c.epochNumber(), UptimeMS: milliseconds(c.now), PID: c.PID, Program: p.Program.Kind,
		Outgoing: []wire.OutgoingStatus{}, Incoming: []wire.IncomingStatus{}, Snapshots: []wire.SnapshotStatus{},
		Memory: wire.MemoryStatus{Limit: int(c.Cluster.Limits.Memory)},
	}
	if c.CertificateEnds != nil {
		ends := c.CertificateEnds()
		s.Certificate = &wire.CertificateStatus{EndsAt: ends.UTC().Format(time.RFC3339), LeftMS: milliseconds(ends.Sub(c.Wall()))}
	}
	if one := c.saves; one.last != "" || one.failures > 0 {
		s.Saves = &wire.SavesStatus{Last: one.last, Failures: one.failures, Error: one.why, StoreBytes: one.bytes}
		if one.last != "" {
			s.Saves.AgoMS = milliseconds(c.now - one.at)
		}
	}
	if c.agree != nil {
		s.Recovered = c.agree.recovery.status(c.now)
	}
	if c.epoch != nil {
		if c.agree.recovering() == "" {
			s.Held = c.epoch.isHeld()
			if h := c.epoch.heldBy; h != nil {
				s.HeldBy = h.Assembler
			}
		}
		if c.epoch.resumed {
			s.Base = c.epoch.base
		}
		c.epoch.addStatus(&s)
	}
	return s
}

func (e *epoch) addStatus(s *wire.ProcessStatus) {
	now := e.core.now
	for _, o := range e.out {
		s.Outgoing = append(s.Outgoing, wire.OutgoingStatus{
			To: o.peer.id, LinkStatus: o.stats.status(now, o.up),
			Sent: o.sender.Sent(), Acked: o.sender.Acked(), Markers: o.sender.Markers(),
			Outbox: wire.Queue{Messages: o.sender.Waiting(), Bytes: o.sender.Bytes()}, Resent: o.resent,
		})
	}
	for _, in := range e.in {
		s.Incoming = append(s.Incoming, wire.IncomingStatus{
			From: in.peer.id, LinkStatus: in.stats.status(now, in.up()),
			Arrived: in.receiver.Arrived(), Received: in.receiver.Received(),
			Inbox:      wire.Queue{Messages: in.receiver.Waiting(), Bytes: in.receiver.Bytes()},
			Duplicates: in.receiver.Duplicates(), Stale: in.stale,
		})
	}
	s.Preparing = e.preparing()
	s.Snapshots = e.snapshotStatus()
	s.Memory = e.memory()
}

// snapshotStatus lists the snapshots in progress and what they wait for: this process's
// own part, and at the assembler the parts of others.
func (e *epoch) snapshotStatus() []wire.SnapshotStatus {
	all := []wire.SnapshotStatus{}
	for _, start := range e.recorder.InProgress() {
		all = append(all, wire.SnapshotStatus{
			ID: start.ID, Assembler: start.Assembler, TimeLeftMS: milliseconds(start.Deadline - e.core.now), WaitsFor: e.recorder.Waits(start.ID),
		})
	}
	for id, a := range e.assemblies {
		i := slices.IndexFunc(all, func(s wire.SnapshotStatus) bool { return s.ID == id })
		if i < 0 {
			i = len(all)
			all = append(all, wire.SnapshotStatus{ID: id, Assembler: a.Assembler, TimeLeftMS: milliseconds(a.Deadline - e.core.now)})
		}
		for _, p := range a.collector.Waits() {
			if p != e.core.self {
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
