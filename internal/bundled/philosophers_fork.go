package bundled

import (
	"encoding/json"
	"errors"
	"time"

	"chandy/snapshot"
)

// fork is the fork that a philosopher keeps, as a part of the local state. The philosopher
// shares it with one other process.
//
// Invariant: if Request is not zero, Holder is the keeper itself.
type fork struct {
	Holder  snapshot.ProcessID `json:"fork_at"` // the process that has it; empty if it is free
	Request int64              `json:"request"` // msg_id of the other's request that waits for it, or 0
	since   time.Duration      // when the request came; zero after Restore
}

// forkMessage is every message between philosophers:
//
//   - "request" asks for the fork of the receiver, and has a MsgID.
//   - "wait" says that the receiver's request has to wait, because the sender has the fork.
//   - "grant" hands the fork over, with the number of the request as InReplyTo.
//   - "release" gives back what the sender requested last, granted or not.
type forkMessage struct {
	Type      string `json:"type"`
	MsgID     int64  `json:"msg_id,omitempty"`
	Request   int64  `json:"request,omitempty"`
	InReplyTo int64  `json:"in_reply_to,omitempty"`
}

func (s *philosophers) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		s.answerClient(from, payload)
		return
	}
	var m forkMessage
	err := json.Unmarshal(payload, &m)
	switch {
	case err != nil:
	case m.Type == "request" && m.MsgID > 0 && from == s.sharer:
		err = s.request(m.MsgID)
	case m.Type == "release" && from == s.sharer:
		err = s.release()
	case m.Type == "wait" && from == s.neighbour:
		if s.waits(m.Request) {
			s.waitFor(from)
		}
	case m.Type == "grant" && from == s.neighbour:
		if s.waits(m.InReplyTo) {
			s.got(from)
			s.take()
		}
	default:
		err = errors.New("not a message of a neighbour about a fork")
	}
	if err != nil {
		s.drop(from, payload, err)
	}
}

// waits reports whether a request to the neighbour is the one that waits. An answer to an
// earlier one means nothing: it was on its way when the philosopher sent the release.
func (s *philosophers) waits(request int64) bool {
	return s.wanted() == s.neighbour && request == s.state.Asked
}

// request lends the fork, or lets the request wait.
func (s *philosophers) request(id int64) error {
	switch {
	case s.state.Holder == s.sharer || s.state.Request > 0:
		return errors.New("a second request for the same fork")
	case s.state.Holder == "":
		s.lend(id)
	default:
		s.state.Request, s.state.since = id, s.process.Now()
		s.send(s.sharer, forkMessage{Type: "wait", Request: id})
	}
	return nil
}

func (s *philosophers) lend(id int64) {
	s.state.Holder = s.sharer
	s.send(s.sharer, forkMessage{Type: "grant", InReplyTo: id})
}

// release takes back the fork, or the request that waits for it.
func (s *philosophers) release() error {
	switch {
	case s.state.Request > 0:
		s.state.Request = 0
	case s.state.Holder == s.sharer:
		s.state.Holder = ""
		if s.wanted() == s.process.ID() {
			s.take()
		}
	default:
		return errors.New("a release without a request")
	}
	return nil
}

// putOwn puts down the own fork, which goes to the other process if its request waits.
func (s *philosophers) putOwn() {
	s.state.Holder = ""
	if id := s.state.Request; id > 0 {
		s.state.Request = 0
		s.lend(id)
	}
}
