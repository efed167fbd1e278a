package bundled

import (
	"errors"
	"slices"
	"unicode/utf8"

	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// nestedMax is how deep the arrays and objects of a request may be nested. The time to
// compare values grows with the depth.
const nestedMax = 128

// service is embedded by the services of Maelstrom. They answer requests of clients and
// of processes. A request of a process is a line, as a child of kind "exec" prints it,
// and the reply is a line too. A request of a client is the body of a line alone.
type service struct {
	base
	all []snapshot.ProcessID // the processes of the cluster, sorted
}

func (s *service) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		l, err := maelstrom.ParseBody(payload)
		if err == nil { // otherwise l has no type, and check refuses it
			l.MsgID = l.Asks()
		}
		s.answer(l, check(l), from, l.ReplyBody)
		return
	}
	l, err := maelstrom.Parse(payload)
	switch {
	case err != nil:
		s.drop(from, payload, err)
		return
	case l.Dest != s.process.ID() || l.InReplyTo != nil || l.Type == "error":
		// Two programs that answer each other's errors would never end.
		s.drop(from, payload, errors.New("not a request to this process"))
		return
	case l.Src == "":
		l.Src = from
	}
	l.MsgID = l.Asks()
	s.answer(l, check(l), s.replyTo(l.Src, from), func(body []byte) []byte { return l.Reply(s.process.ID(), body) })
}

// replyTo returns the process to which the reply is sent. That is the process that
// asked, or the process to which the client that asked is connected. If no channel leads
// there, it is the process that passed the request on.
func (s *service) replyTo(asked, passedOn snapshot.ProcessID) snapshot.ProcessID {
	if at, ok := program.ClientOf(s.all, asked); ok {
		asked = at
	}
	if _, ok := slices.BinarySearch(s.channels, asked); ok {
		return asked
	}
	return passedOn
}

// check returns the refusal of a request that no service can grant, or nil.
func check(l maelstrom.Line) *refusal {
	switch {
	case l.Type == "":
		return errNoType
	case !utf8.Valid(l.Body):
		return refuse(maelstrom.CodeMalformedRequest, "the request is not UTF-8")
	case maelstrom.Depth(l.Body) > nestedMax:
		return refuse(maelstrom.CodeMalformedRequest, "the request is nested %d deep, more than %d", maelstrom.Depth(l.Body), nestedMax)
	}
	return nil
}
