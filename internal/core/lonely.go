package core

import (
	"slices"
	"time"
)

// lonelyAfter is how long a channel to a peer may be up before a node to which no peer has
// connected warns. A peer that has let this node in dials it at once.
const lonelyAfter = 10 * time.Second

// watchLonely warns once if no peer connects to this node although it has reached one that
// should. The peers then dial another address than the one on which it listens. The node
// cannot find that out in another way.
func (e *epoch) watchLonely(out *outgoing) {
	if out.peer.incoming == nil || e.watchesLonely { // there is no channel back, or one timer runs
		return
	}
	e.watchesLonely = true
	e.after(lonelyAfter, func() {
		e.watchesLonely = false
		reached := func(in *incoming) bool { return !in.self() && in.stats.ups > 0 }
		if e.warnedLonely || !out.up || slices.ContainsFunc(e.in, reached) {
			return
		}
		e.warnedLonely = true
		address := e.peers[e.core.self].address
		e.core.log.Warn().Str("address", address).
			Msg("no peer has connected: do they have this address (" + address + ") in their cluster files?")
	})
}
