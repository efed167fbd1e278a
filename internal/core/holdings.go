package core

// Holdings returns how much the node holds of what should pass: snapshots, requests,
// connections, timers. Zero counts are left out. Tests compare it with what is there.
func (c *Core) Holdings() map[string]int {
	held := map[string]int{
		"recordings": len(c.recorder.InProgress()), "assemblies": len(c.assemblies), "parts": len(c.parts),
		"clients": len(c.clients), "requests": len(c.requests), "awaiting up": len(c.awaitingUp),
		"conns": len(c.conns), "refused": len(c.refused),
		"timers": 0, "program timers": len(c.delivery.timers.heap),
		"ended ids": c.recorder.Ended(),
	}
	for _, one := range c.timers.heap {
		if one.f != nil {
			held["timers"]++
		}
	}
	for _, l := range c.links {
		held["shipments"] += len(l.shipments)
	}
	for _, one := range c.conns {
		if o, ok := one.use.(*contributor); ok {
			held["sections"] += len(o.sections)
		}
	}
	for _, out := range c.out {
		held["outboxes"] += out.sender.Waiting()
	}
	for _, in := range c.in {
		held["inboxes"] += in.receiver.Waiting()
		held["transit"] += len(in.transit)
	}
	for name, n := range held {
		if n == 0 {
			delete(held, name)
		}
	}
	return held
}
