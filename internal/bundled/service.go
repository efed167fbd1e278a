package bundled

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// nestedMax is how many arrays and objects of a request may lie in each other: what
// it takes to compare values grows with it.
const nestedMax = 128

// quoteMax is how much of a value or a line stands in a message about it, in bytes.
const quoteMax = 128

// service answers requests, each at once. That of a process is a line, as the
// children of kind exec print it, and so is the reply; that of a client is a body.
type service struct {
	all      []snapshot.ProcessID // the processes of the cluster, sorted
	process  program.Process
	channels []snapshot.ProcessID // outgoing, sorted
	dropped  zerolog.Logger       // for what is dropped: a few lines a second
	drops    int                  // so far

	// grant does what a request asks for and returns the body of the reply, or
	// refuses and does nothing. What it keeps of the request it copies.
	grant func(maelstrom.Line) ([]byte, *refusal)
}

func (s *service) Start(p program.Process) {
	s.process = p
	s.channels = p.Channels()
	s.dropped = p.Log().Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Second})
}

func (s *service) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		l, err := maelstrom.ParseBody(payload)
		if err == nil {
			l.MsgID = msgID(l)
		}
		s.answer(l, from, l.ReplyBody)
		return
	}
	l, err := maelstrom.Parse(payload)
	switch {
	case err != nil:
		s.drop(from, payload, err)
		return
	case l.Dest != s.process.ID() || l.InReplyTo != nil || l.Type == "error":
		// Two that answer each other's errors would never end.
		s.drop(from, payload, errors.New("it answers nothing that was asked"))
		return
	case l.Src == "":
		l.Src = from
	}
	l.MsgID = msgID(l)
	s.answer(l, s.next(l.Src, from), func(body []byte) []byte { return l.Reply(s.process.ID(), body) })
}

// msgID is the one that a reply repeats. Line.MsgID leaves out 0 and -1, which mean
// none in replies; but there are programs that count from 0, and wait for that.
func msgID(l maelstrom.Line) []byte {
	if id := l.Member("msg_id"); string(id) != "null" {
		return id
	}
	return nil
}

// next is the process to send a reply to: the one that asked; if that was a client,
// the one that it asked; and where no channel leads, the one that passed the request
// on.
func (s *service) next(asked, from snapshot.ProcessID) snapshot.ProcessID {
	if at, ok := program.ClientOf(s.all, asked); ok {
		asked = at
	}
	if _, ok := slices.BinarySearch(s.channels, asked); ok {
		return asked
	}
	return from
}

// answer replies to a request; wrap makes a reply of its body. One that is too long
// to be sent becomes a refusal: only what reads can be that long.
func (s *service) answer(l maelstrom.Line, to snapshot.ProcessID, wrap func(body []byte) []byte) {
	refused := check(l)
	var body []byte
	if refused == nil {
		body, refused = s.grant(l)
	}
	if refused != nil {
		body = refused.body()
	}
	err := s.process.Send(to, wrap(body))
	if err != nil && refused == nil {
		err = s.process.Send(to, wrap(refuse(codeTemporarilyUnavailable, "%v", err).body()))
	}
	if err != nil {
		s.drop(to, l.Body, fmt.Errorf("reply: %w", err))
	}
}

// check refuses a request that no service can grant.
func check(l maelstrom.Line) *refusal {
	switch {
	case l.Type == "": // also of what is no JSON object
		return refuse(codeMalformedRequest, `a request is a JSON object with a "type"`)
	case !utf8.Valid(l.Body):
		return refuse(codeMalformedRequest, "the request is not UTF-8")
	case maelstrom.Depth(l.Body) > nestedMax:
		return refuse(codeMalformedRequest, "the request is nested %d deep, more than %d", maelstrom.Depth(l.Body), nestedMax)
	}
	return nil
}

// unknown refuses an unknown request.
func unknown(l maelstrom.Line, there string) *refusal {
	return refuse(codeNotSupported, "unknown request %.128q: there %s", l.Type, there)
}

// drop drops and counts a message. It logs a few times a second at most.
func (s *service) drop(peer snapshot.ProcessID, payload []byte, why error) {
	s.drops++
	s.dropped.Warn().Err(why).Str("peer", string(peer)).Int("dropped", s.drops).
		Str("line", maelstrom.Printable(payload, quoteMax)).Msg("message dropped")
}
