package core

import (
	"fmt"

	"chandy/internal/agreement"
)

// proposeStart proposes the snapshot from which the cluster is to start. The proposal waits
// until every process is there.
func (g *agreeing) proposeStart() {
	effects, err := g.agent.Restore(*g.start)
	if err != nil {
		g.core.exit(fmt.Errorf("the cluster cannot start from %s: %w", g.start.Snapshot, err))
		return
	}
	g.core.log.Info().Str("snapshot", string(g.start.Snapshot)).Msg("waits for all processes, to start from a snapshot")
	g.obey(effects)
}

// startEnded takes the end of that proposal.
func (g *agreeing) startEnded(e agreement.Ended) {
	if g.start == nil || e.Order.Snapshot != g.start.Snapshot {
		return
	}
	if g.start = nil; e.Committed == 0 {
		g.core.exit(fmt.Errorf("the cluster cannot start from %s: %s", e.Order.Snapshot, e.Why))
	}
}
