package question

import "chandy/snapshot"

// Terminated reports whether a computation has ended: every process says that it is idle, and
// every channel is empty. An idle process does nothing until it receives a message.
//
// A process that slept while its state was recorded is not idle for that: it may have set a
// timer. So only its own word counts.
func Terminated(g *snapshot.Global) Answer {
	for _, c := range g.Channels {
		if c.Known && c.Sent > c.Received {
			return Answer{Verdict: No, Witness: []string{inFlight(c)}}
		}
	}
	var silent []snapshot.ProcessID
	for _, p := range g.Processes {
		switch p.State.Idle {
		case snapshot.IdleNo:
			return Answer{Verdict: No, Witness: []string{string(p.ID) + " is not idle"}}
		case snapshot.IdleUnknown:
			silent = append(silent, p.ID)
		}
	}
	switch {
	case !g.Complete():
		return unknown("%s", missing(g))
	case len(silent) > 0:
		return unknown("%s did not say whether it is idle", few(silent))
	}
	return Answer{Verdict: Yes}
}
