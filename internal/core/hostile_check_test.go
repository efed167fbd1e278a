package core

import (
	"fmt"
	"maps"
	"slices"

	"chandy/snapshot"
)

// check compares the counts of the core with what is there, and what it holds with its
// limits.
func (h *hostile) check() {
	if got, want := slices.Sorted(maps.Keys(h.conns)), slices.Sorted(maps.Keys(h.open)); !slices.Equal(got, want) {
		h.t.Errorf("connections of the core: got %v, want the open ones, %v", got, want)
	}
	sessions, takeovers, ofOne, contributors := 0, 0, map[snapshot.ProcessID]int{}, map[snapshot.ProcessID]int{}
	for id, one := range h.conns {
		switch one := one.handler.(type) {
		case *session:
			sessions++
		case *takeover:
			takeovers++
			ofOne[one.accepted.Hello.From]++
		case *contributor:
			contributors[one.peer]++
			h.checkContributor(one)
		case *outgoing:
			h.equal("connection of "+one.String(), one.conn, id)
		case *incoming:
			h.equal("connection of "+one.String(), one.conn, id)
		case *uplink:
			h.equal("connection of "+one.String(), one.conn, id)
		}
	}
	h.equal("sessions", h.sessions, sessions)
	for _, w := range h.awaitingUp {
		h.equal("a session that awaits up has ended", w.session.ended, false)
	}
	h.most("warnings", len(h.warned), 20)
	h.most("timers", len(h.timers.heap), 1+len(h.warned)+3*sessions+200)
	if h.epoch == nil {
		return
	}
	h.equal("takeovers", h.epoch.takeovers, takeovers)
	for id, p := range h.epoch.peers {
		h.equal("takeovers of "+string(id), p.takeovers, ofOne[id])
		h.most("assembly connections of "+string(id), contributors[id], 1)
	}
	h.checkEpoch(h.epoch)
}

func (h *hostile) checkEpoch(e *epoch) {
	outboxes, overHigh := 0, 0
	for _, out := range e.out {
		outboxes += out.sender.Bytes()
		if out.overHigh {
			overHigh++
		}
		h.equal(out.String()+" is up with a connection", out.up && !out.self() && h.conns[out.conn] == nil, false)
	}
	h.equal("bytes in outboxes", e.outboxBytes, outboxes)
	h.equal("outboxes above their mark", e.delivery.overHigh, overHigh)
	for _, in := range e.in {
		h.equal(in.String()+" has a connection that has ended", in.conn != 0 && h.conns[in.conn] == nil, false)
		transit := 0
		for _, f := range in.transit {
			transit += frameBytes(f.frame)
		}
		h.equal("bytes in transit on "+in.String(), in.transitBytes, transit)
	}
	requests := 0
	for _, r := range e.clients.requests {
		requests += len(r.payload)
	}
	h.equal("bytes of requests", e.clients.bytes, requests)
	for id, one := range e.clients.byID {
		h.equal(fmt.Sprintf("the session of client %s has ended", id), one.session.ended, false)
	}
	for id, a := range e.assemblies {
		h.equal(fmt.Sprintf("the client of snapshot %s has gone", id), a.owner != nil && a.owner.ended, false)
		for _, o := range a.contributors {
			h.equal(fmt.Sprintf("a contributor to snapshot %s has gone", id), h.conns[o.conn] == nil, false)
		}
		h.most("contributors to a snapshot", len(a.contributors), len(e.peers))
	}
	for _, up := range e.uplinks {
		h.most("shipments", len(up.shipments), 1024)
	}
	m := e.memory()
	h.most("bytes in use", m.Used, m.Limit+(256<<10))
	h.most("timers of the epoch", len(e.timers.heap), 100+len(e.pending)+2*e.takeovers+3*1024)
}

func (h *hostile) checkContributor(o *contributor) {
	bytes := 0
	for key, section := range o.sections {
		bytes += section.bytes + sectionBytes
		h.equal(fmt.Sprintf("section of snapshot %s, which has ended", key.snapshot), h.epoch.assemblies[key.snapshot] == nil, false)
	}
	h.equal("bytes of sections", o.bytes, bytes)
}

func (h *hostile) equal(what string, got, want any) {
	if got != want {
		h.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (h *hostile) most(what string, got, want int) {
	if got > want {
		h.t.Errorf("%s: got %d, want at most %d", what, got, want)
	}
}
