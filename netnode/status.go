package netnode

import (
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

func (s *session) status(number uint64) {
	c := s.core
	reply := StatusReply{Process: c.CoreOptions.ID, Incarnation: c.Incarnation, Outgoing: []LinkStatus{}, Incoming: []LinkStatus{}}
	for _, o := range c.out {
		l := LinkStatus{Channel: o.String(), Up: o.up, SinceMS: milliseconds(c.now - o.since)}
		if o.lastErr != nil {
			l.Error = o.lastErr.Error()
		}
		reply.Outgoing = append(reply.Outgoing, l)
	}
	for _, in := range c.in {
		l := LinkStatus{Channel: in.String(), Up: in.up(), SinceMS: milliseconds(c.now - in.since)}
		if in.lastErr != nil {
			l.Error = in.lastErr.Error()
		}
		reply.Incoming = append(reply.Incoming, l)
	}
	s.result(number, mustJSON(reply), []byte("{}"))
}
