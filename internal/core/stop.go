package core

import "time"

// StopTimeout is how long a node that is asked to stop waits for its outboxes to
// be acknowledged.
const StopTimeout = time.Second

// stop ends the node once its outboxes are empty or StopTimeout has passed. The
// program receives nothing more.
func (c *Core) stop() {
	if c.stopping {
		return
	}
	c.stopping = true
	c.after(StopTimeout, func() { c.exit(nil) })
}

// finish ends a stopping node as soon as it has nothing more to flush.
func (c *Core) finish() {
	for _, out := range c.out {
		if out.up && !out.self() && out.sender.Waiting() > 0 {
			return
		}
	}
	c.exit(nil)
}

// exit ends the node. What its outboxes still hold is told.
func (c *Core) exit(err error) {
	if c.exited {
		return
	}
	c.exited, c.stopping = true, true
	c.tellOutcomes()
	for _, out := range c.out {
		if n := out.sender.Waiting(); n > 0 {
			c.log.Warn().Str("channel", out.String()).Int("messages", n).Msg("left in the outbox")
		}
	}
	c.do(Exit{err})
}
