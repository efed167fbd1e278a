package netnode

import (
	"fmt"
	"time"

	"chandy/snapshot"
)

// StatusReply is what a node tells of itself.
type StatusReply struct {
	Process     snapshot.ProcessID   `json:"process"`
	Incarnation snapshot.Incarnation `json:"incarnation"`
	Outgoing    []LinkStatus         `json:"outgoing"`
	Incoming    []LinkStatus         `json:"incoming"`
}

// LinkStatus is one end of a channel.
type LinkStatus struct {
	Channel string  `json:"channel"`
	Up      bool    `json:"up"`
	SinceMS float64 `json:"since_ms"` // how long it has been up or down
	Error   string  `json:"error,omitempty"`
}

// Up tells whether all links of the node are up.
func (s *StatusReply) Up() bool {
	for _, links := range [][]LinkStatus{s.Outgoing, s.Incoming} {
		for _, l := range links {
			if !l.Up {
				return false
			}
		}
	}
	return true
}

// status answers a status request: at once, or when all channels are up.
func (s *session) status(number uint64, whenUp bool) {
	c := s.core
	if whenUp && !c.allUp {
		c.awaitingUp = append(c.awaitingUp, func() { s.status(number, true) })
		return
	}
	reply := StatusReply{Process: c.CoreOptions.ID, Incarnation: c.Incarnation, Outgoing: []LinkStatus{}, Incoming: []LinkStatus{}}
	for _, o := range c.out {
		reply.Outgoing = append(reply.Outgoing, c.linkStatus(o, o.up, o.since, o.lastErr))
	}
	for _, in := range c.in {
		reply.Incoming = append(reply.Incoming, c.linkStatus(in, in.up(), in.since, in.lastErr))
	}
	s.result(number, mustJSON(reply), []byte("{}"))
}

func (c *Core) linkStatus(channel fmt.Stringer, up bool, since time.Duration, err error) LinkStatus {
	l := LinkStatus{Channel: channel.String(), Up: up, SinceMS: milliseconds(c.now - since)}
	if err != nil && !up {
		l.Error = err.Error()
	}
	return l
}

// checkAllUp says once, after each time that one was down, that all channels of
// this process are up.
func (c *Core) checkAllUp() {
	if c.allUp {
		return
	}
	for _, out := range c.out {
		if !out.up {
			return
		}
	}
	for _, in := range c.in {
		if !in.up() {
			return
		}
	}
	c.allUp = true
	c.log.Info().Int("outgoing", len(c.out)).Int("incoming", len(c.in)).Msg("all channels up")
	waiting := c.awaitingUp
	c.awaitingUp = nil
	for _, answer := range waiting {
		answer()
	}
}
