package bundled

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"chandy/snapshot"
)

// fork is the fork that a philosopher keeps, as a part of the local state.
//
// Invariant: if it is free, the queue is empty.
type fork struct {
	Holder snapshot.ProcessID `json:"fork_at"` // the process that has it; empty if it is free
	Queue  []forkRequest      `json:"queue"`   // requests of neighbours that wait for it, at most one each
}

type forkRequest struct {
	From  snapshot.ProcessID `json:"from"`
	MsgID int64              `json:"msg_id"`
	since time.Duration      // when it came; zero after Restore
}

// forkMessage is every message between philosophers: a "request" with a MsgID, its "grant"
// with the same number as InReplyTo, or a "release" of what the sender requested last,
// granted or not.
type forkMessage struct {
	Type      string `json:"type"`
	MsgID     int64  `json:"msg_id,omitempty"`
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
	case err == nil && m.Type == "request" && m.MsgID > 0:
		err = s.request(from, m.MsgID)
	case err == nil && m.Type == "grant" && from == s.neighbour:
		s.granted(m.InReplyTo)
	case err == nil && m.Type == "release":
		err = s.release(from)
	case err == nil:
		err = errors.New("not a request, a grant or a release of a fork")
	}
	if err != nil {
		s.drop(from, payload, err)
	}
}

// request lends the fork to a neighbour, or lets the request wait.
func (s *philosophers) request(from snapshot.ProcessID, id int64) error {
	r := forkRequest{from, id, s.process.Now()}
	switch {
	case !slices.Contains(s.channels, from):
		return errors.New("no channel on which to grant a fork")
	case s.state.Holder == from || slices.ContainsFunc(s.state.Queue, func(r forkRequest) bool { return r.From == from }):
		return errors.New("a second request for the same fork")
	case s.state.Holder == "":
		s.lend(r)
	default:
		s.state.Queue = append(s.state.Queue, r)
	}
	return nil
}

func (s *philosophers) lend(r forkRequest) {
	s.state.Holder = r.From
	s.send(r.From, forkMessage{Type: "grant", InReplyTo: r.MsgID})
}

// granted takes the fork of the neighbour. A grant of an earlier request means nothing: it
// was on its way when the philosopher sent the release.
func (s *philosophers) granted(request int64) {
	if s.wanted() == s.neighbour && request == s.state.Asked {
		s.got(s.neighbour)
		s.take()
	}
}

// release takes back the fork from a neighbour, or its request for the fork.
func (s *philosophers) release(from snapshot.ProcessID) error {
	if s.state.Holder == from {
		s.free()
		return nil
	}
	before := len(s.state.Queue)
	s.state.Queue = slices.DeleteFunc(s.state.Queue, func(r forkRequest) bool { return r.From == from })
	if len(s.state.Queue) == before {
		return errors.New("a release without a request")
	}
	return nil
}

// free hands the fork to the philosopher itself if it waits for the fork, and otherwise to
// the first neighbour in the queue.
func (s *philosophers) free() {
	s.state.Holder = ""
	switch {
	case s.wanted() == s.process.ID():
		s.takeOwn()
		s.take()
	case len(s.state.Queue) > 0:
		first := s.state.Queue[0]
		s.state.Queue = slices.Delete(s.state.Queue, 0, 1)
		s.lend(first)
	}
}

func (s *philosophers) takeOwn() {
	s.state.Holder = s.process.ID()
	s.got(s.process.ID())
}

// open returns the requests that wait for the fork. The queue has the oldest first.
func (f *fork) open(now time.Duration) []snapshot.OpenRequest {
	all := []snapshot.OpenRequest{}
	for _, r := range f.Queue {
		all = append(all, snapshot.OpenRequest{From: r.From, MsgID: strconv.FormatInt(r.MsgID, 10), Since: now - r.since})
	}
	return all
}
