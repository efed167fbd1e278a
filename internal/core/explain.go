package core

import (
	"fmt"
	"time"

	"chandy/snapshot"
)

// explain returns what this node knows about a process whose part did not come. The two
// halves of the channels with it, and the connection for parts, may each know something.
// The newest knowledge counts: an older error may be from before the process restarted.
func (e *epoch) explain(id snapshot.ProcessID) (snapshot.Reason, string) {
	if id == e.core.self {
		return snapshot.PartNotReceived, "its program did not give its state in time"
	}
	out, in, up := e.outgoing(id), e.incoming(id), e.uplinks[id]
	outDown, inDown := out != nil && !out.up, in != nil && !in.up()
	switch {
	case outDown && (!inDown || out.stats.erred >= in.stats.erred):
		return snapshot.Unreachable, e.whyDown(out, out.stats)
	case inDown && out != nil && out.up && out.stats.since >= in.stats.erred:
		return snapshot.Unreachable, fmt.Sprintf("channel %s is down for %v: %s has not connected, although channel %s is up for %v",
			in, e.lasted(in.stats), id, out, e.lasted(out.stats))
	case inDown:
		return snapshot.Unreachable, e.whyDown(in, in.stats)
	case up != nil && !up.up && up.stats.lastErr != nil:
		return snapshot.Unreachable, "no connection with it: " + up.stats.lastErr.Error()
	case out == nil && in == nil:
		return snapshot.PartNotReceived, fmt.Sprintf("%s has no channel with it", e.core.self)
	}
	return snapshot.PartNotReceived, "it is connected but did not answer in time"
}

// whyDown says for how long a channel has been down, and the last error if there is one.
func (e *epoch) whyDown(channel fmt.Stringer, s linkStats) string {
	detail := fmt.Sprintf("channel %s is down for %v", channel, e.lasted(s))
	if s.lastErr != nil {
		detail += ": " + s.lastErr.Error()
	}
	return detail
}

// lasted returns for how long a link has been up or down.
func (e *epoch) lasted(s linkStats) time.Duration {
	return (e.core.now - s.since).Round(time.Millisecond)
}
