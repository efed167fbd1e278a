package core

import "maps"

// Holdings returns how much the node holds of everything that should pass: snapshots,
// requests, connections, timers. Zero counts are left out. Tests for leaks compare it
// with what must be there.
func (c *Core) Holdings() map[string]int {
	held := map[string]int{
		"awaiting up": len(c.awaitingUp), "conns": len(c.conns), "warned": len(c.warned), "sessions": c.sessions, "certificates of sessions": len(c.sessionsOf), "unparsed": c.unparsed, "results": len(c.results), "timers": len(c.timers.heap),
	}
	if c.epoch != nil {
		c.epoch.addHoldings(held)
	}
	maps.DeleteFunc(held, func(_ string, n int) bool { return n == 0 })
	return held
}

func (e *epoch) addHoldings(held map[string]int) {
	held["recordings"], held["ended ids"] = len(e.recorder.InProgress()), e.recorder.Ended()
	held["assemblies"], held["parts"] = len(e.assemblies), len(e.pending)
	held["storing"] = len(e.storing)
	held["clients"], held["requests"] = len(e.clients.byID), len(e.clients.requests)
	held["program timers"] = len(e.delivery.timers.heap)
	held["timers"] += len(e.timers.heap)
	held["takeovers"] = e.takeovers
	for _, p := range e.peers {
		held["takeovers of one"] += p.takeovers
	}
	for _, up := range e.uplinks {
		held["shipments"] += len(up.shipments)
	}
	for _, one := range e.core.conns {
		if o, ok := one.handler.(*contributor); ok {
			held["sections"] += len(o.sections)
		}
	}
	for _, out := range e.out {
		held["outboxes"] += out.sender.Waiting()
	}
	for _, in := range e.in {
		held["inboxes"] += in.receiver.Waiting()
		held["transit"] += len(in.transit)
	}
}
