package core

import (
	"time"

	"github.com/rs/zerolog"
)

// startTime is how long the nodes of a cluster may take to start. Until then it is no news
// that another node does not listen yet.
const startTime = 10 * time.Second

// starting reports whether the node is starting: not all its channels have been up yet, and
// startTime has not passed.
func (c *Core) starting() bool { return !c.wasUp && c.now < startTime }

// logStart returns an event for the log about a channel that comes up, or does not yet. Its
// level is debug while the node is starting, else info.
func (c *Core) logStart() *zerolog.Event {
	if c.starting() {
		return c.log.Debug()
	}
	return c.log.Info()
}
