// Counter counts at every process and tells the others. See docs/go-programs.md.
package main

import (
	"encoding/json"
	"fmt"
	"time"

	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
)

type counter struct {
	program.Process
	counts map[snapshot.ProcessID]int // its own, and what each other told it last
}

func (c *counter) Start(p program.Process)                { c.Process = p; c.count() }
func (c *counter) Capture(done func(program.State))       { done(program.State{Bytes: c.encode()}) }
func (c *counter) Restore(state []byte, done func(error)) { done(json.Unmarshal(state, &c.counts)) }
func (c *counter) encode() []byte                         { text, _ := json.Marshal(c.counts); return text }
func newCounter() program.Program                         { return &counter{counts: map[snapshot.ProcessID]int{}} }
func main()                                               { netnode.Main(newCounter) }

func (c *counter) count() {
	c.counts[c.ID()]++
	for _, to := range c.Channels() {
		c.Send(to, fmt.Appendf(nil, `{%q: %d}`, c.ID(), c.counts[c.ID()]))
	}
	c.After(100*time.Millisecond, c.count)
}

func (c *counter) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		c.Send(from, fmt.Appendf(nil, `{"type": "counts_ok", "counts": %s}`, c.encode()))
	} else if err := json.Unmarshal(payload, &c.counts); err != nil {
		c.Stop(fmt.Errorf("message of %s: %w", from, err))
	}
}
