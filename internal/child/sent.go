package child

import (
	"fmt"
	"slices"
	"strconv"

	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// sent tracks the requests that the child has sent to other processes and that have no reply
// yet, by msg_id. The zero value is empty.
type sent struct {
	open   map[string][]sentRequest
	size   int          // requests in open
	count  uint64       // number of the last request
	order  []sentNumber // the same, oldest first, and some requests with a reply
	forgot bool         // a request was removed from open because there were openMax
}

// sentRequest is a request without a reply.
type sentRequest struct {
	to       snapshot.ProcessID
	number   uint64
	restored bool // sent before the restore, by another instance
}

// sentNumber names a request in sent.order.
type sentNumber struct {
	id     string
	number uint64
}

// sentID returns a msg_id as JSON text. A long one is replaced by its hash, in quotes.
func sentID(id []byte) string {
	if len(id) > idMax {
		return strconv.Quote(keyOf("", id).id)
	}
	return string(id)
}

// add records a request. It reports false if the same msg_id was sent to the same process
// before a restore and has no reply yet.
func (s *sent) add(to snapshot.ProcessID, id string, restored bool) bool {
	if i := s.find(to, id); i >= 0 {
		if s.open[id][i].restored {
			return false
		}
		s.remove(id, i)
	}
	if s.open == nil {
		s.open = map[string][]sentRequest{}
	}
	s.count++
	s.size++
	s.open[id] = append(s.open[id], sentRequest{to, s.count, restored})
	s.order = append(s.order, sentNumber{id, s.count})
	for s.size > openMax {
		if oldest := s.order[0]; s.at(oldest) >= 0 {
			s.remove(oldest.id, s.at(oldest))
			s.forgot = true
		}
		s.order = s.order[1:]
	}
	if len(s.order) > 2*s.size+64 {
		s.order = slices.DeleteFunc(slices.Clone(s.order), func(n sentNumber) bool { return s.at(n) < 0 })
	}
	return true
}

// answered records a reply. It reports whether this instance of the child has sent the
// request, as far as that is known. The receiver of a request may have passed it on to the
// process that replies.
func (s *sent) answered(from snapshot.ProcessID, id string) bool {
	i := s.find(from, id)
	if i < 0 && len(s.open[id]) > 0 {
		i = 0
	}
	if i < 0 {
		return s.forgot
	}
	restored := s.open[id][i].restored
	s.remove(id, i)
	return !restored
}

// find returns the index of a request in open[id], or -1.
func (s *sent) find(to snapshot.ProcessID, id string) int {
	return slices.IndexFunc(s.open[id], func(r sentRequest) bool { return r.to == to })
}

// at is find for a request in order.
func (s *sent) at(n sentNumber) int {
	return slices.IndexFunc(s.open[n.id], func(r sentRequest) bool { return r.number == n.number })
}

func (s *sent) remove(id string, i int) {
	s.size--
	if s.open[id] = slices.Delete(s.open[id], i, i+1); len(s.open[id]) == 0 {
		delete(s.open, id)
	}
}

// newest returns the newest requests without a reply, at most max, oldest first.
func (s *sent) newest(max int) (all []program.AskedRequest) {
	for _, n := range slices.Backward(s.order) {
		if len(all) == max {
			break
		}
		if i := s.at(n); i >= 0 {
			all = append(all, program.AskedRequest{To: s.open[n.id][i].to, MsgID: n.id})
		}
	}
	slices.Reverse(all)
	return all
}

// askedMax is the most requests of the child that a saved snapshot lists.
const askedMax = 1024

// Asked returns the newest askedMax requests of the child without a reply.
func (x *Program) Asked() []program.AskedRequest {
	if n := x.sent.size; n > askedMax && !x.toldAsked {
		x.toldAsked = true
		x.log.Warn().Int("requests", n).Int("listed", askedMax).Msg("the child has many requests without a reply: a saved snapshot lists the newest, and after a restore the node does not notice if the child uses the msg_id of another one again")
	}
	return x.sent.newest(askedMax)
}

// TakeAsked takes the requests that had no reply in the state to be restored.
func (x *Program) TakeAsked(all []program.AskedRequest) {
	for _, r := range all {
		x.sent.add(r.To, r.MsgID, true)
	}
}

// asks records a request of the child to a process. It reports false, and fails, if the child
// uses a msg_id again whose reply is still to come from before the restore: it would take that
// reply for the answer to the new request.
func (x *Program) asks(l maelstrom.Line) bool {
	if l.MsgID == nil || l.InReplyTo != nil || l.Src.IsClient() { // a client's request that it passes on
		return true
	}
	if x.sent.add(l.Dest, sentID(l.MsgID), false) {
		return true
	}
	x.fail(fmt.Errorf("the child has sent a request with the msg_id %.80s to %s, and one with this msg_id from before the restore has no reply yet: the counter of its msg_ids must be part of its state", l.MsgID, l.Dest))
	return false
}

// unknown reports whether a message is a reply that is to be dropped. It must be called once
// for each message of another process to the child.
func (x *Program) unknown(from snapshot.ProcessID, l maelstrom.Line) bool {
	if l.InReplyTo == nil || x.sent.answered(from, sentID(l.InReplyTo)) || x.settings.UnknownReplies != repliesDrop {
		return false
	}
	x.unknowns++
	x.unasked.Warn().Int("dropped", x.unknowns).Str("from", string(from)).Msg(`replies to requests that this instance of the child has not sent are dropped (unknown_replies = "drop")`)
	return true
}
