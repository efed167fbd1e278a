package child

import (
	"time"

	"chandy/program"
	"chandy/snapshot"
)

// openRequests sets the open requests of a state that is captured now. A request whose
// sender cannot be named, because the line had any name as its "src", is only counted. A
// msg_id that is no number, no string or too long is left out.
func (r *requests) openRequests(state *program.State, now time.Duration) {
	state.Open, state.OpenTotal = []snapshot.OpenRequest{}, r.unanswered()
	for q := range r.oldestFirst() {
		open := snapshot.OpenRequest{From: q.from, MsgID: q.id, Since: now - q.since}
		if open.Check() != nil {
			open.MsgID = ""
		}
		if open.Check() != nil {
			continue
		}
		if state.Open = append(state.Open, open); len(state.Open) == snapshot.OpenMax {
			return
		}
	}
}

// idleIn returns what a reply says about whether the child is idle.
func (x *Program) idleIn(said []byte) snapshot.Idle {
	switch string(said) {
	case "true":
		return snapshot.IdleYes
	case "false":
		return snapshot.IdleNo
	case "", "null":
	default:
		x.process.Log().Warn().Msg(`the child's snapshot_ok has an "idle" that is neither true nor false`)
	}
	return snapshot.IdleUnknown
}
