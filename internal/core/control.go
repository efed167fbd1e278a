package core

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// session is the control connection of a client.
type session struct {
	core      *Core
	conn      ConnID
	identity  Identity // of the certificate; zero without TLS
	role      wire.ClientRole
	open      int    // requests without an end or an error
	snapshots int    // open requests that will end, because their snapshots have time-outs
	quiet     *timer // ends the session, see watch
	ended     bool

	parsing bool           // a request is parsed off the loop
	waiting []wire.Request // requests behind it
}

const (
	// sessionsMax is how many clients may be connected at once.
	sessionsMax = 1024
	// sessionsOfOneMax is how many of them may have the same certificate, so that a stolen
	// one of the lowest role keeps no other client out.
	sessionsOfOneMax = sessionsMax / 4
	// clientIdle is how long a client may take for its next request, the transfer
	// included.
	clientIdle = time.Minute
	// clientWait is how long a client may wait for a reply that may never come.
	clientWait = time.Hour
)

func (c *Core) openSession(a Accepted) {
	c.sessions++
	c.sessionsOf[a.Identity]++
	conn := a.Conn
	s := &session{core: c, conn: conn, identity: a.Identity, role: c.roleOf(a)}
	c.handle(conn, s)
	c.emit(Accept{conn, s.role.RequestMax()})
	c.write(conn, wire.Welcome{Version: wire.Version, Epoch: c.epochNumber(), Incarnation: c.Incarnation})
	s.watch()
}

// watch begins to wait anew for the client, or for whatever the client waits for. A client
// that neither asks nor gets anything must not take a place from others without end.
func (s *session) watch() {
	s.quiet.cancel()
	limit, why := clientIdle, "no request"
	switch {
	case s.ended || s.snapshots > 0:
		return
	case s.open > 0:
		limit, why = clientWait, "no reply"
	}
	s.quiet = s.core.after(limit, func() { s.core.hangUp(s.conn, true, fmt.Errorf("%s for %v", why, limit)) })
}

func (s *session) String() string { return "control" }

func (s *session) closed(error) {
	c := s.core
	c.sessions--
	if c.sessionsOf[s.identity]--; c.sessionsOf[s.identity] == 0 {
		delete(c.sessionsOf, s.identity)
	}
	s.ended = true
	s.quiet.cancel()
	for _, r := range s.waiting {
		c.unparsed -= requestBytes + len(r.Body)
	}
	s.waiting = nil
	c.awaitingUp = slices.DeleteFunc(c.awaitingUp, func(w waiter) bool { return w.session == s })
	if c.agree != nil {
		c.agree.resuming = slices.DeleteFunc(c.agree.resuming, func(w waiter) bool { return w.session == s })
	}
	if c.epoch != nil {
		c.epoch.clients.leave(s)
		c.epoch.cancel(s)
	}
}

func (s *session) frame(f wire.Frame) error {
	r, ok := f.(wire.Request)
	if !ok {
		return fmt.Errorf("%s does not belong here", f.Type())
	}
	s.open++
	defer s.watch()
	if !s.parsing && len(r.Body) <= inlineMax {
		s.take(r.Number, parse(r.Body))
		return nil
	}
	if len(s.waiting) >= waitingMax || s.core.unparsed > ClientBytes(s.core.Cluster) {
		s.fail(r.Number, wire.CodeLimit, fmt.Sprintf("%d requests of this client and %d MiB in all wait to be parsed", len(s.waiting), s.core.unparsed>>20))
		return nil
	}
	r.Body = bytes.Clone(r.Body) // its memory is valid only during this step
	s.core.unparsed += requestBytes + len(r.Body)
	if s.waiting = append(s.waiting, r); !s.parsing {
		s.parseWaiting()
	}
	return nil
}

const (
	// waitingMax is how many requests of a client may wait behind a large one. Then they
	// are taken in one step.
	waitingMax = 128
	// requestBytes is what a request that waits to be parsed counts for besides its body.
	requestBytes = 64
)

// parseWaiting takes the requests that wait, in order. It parses a large one off the loop,
// and the requests behind it wait meanwhile.
func (s *session) parseWaiting() {
	for len(s.waiting) > 0 {
		r := s.waiting[0]
		s.waiting = s.waiting[1:]
		done := func(result any) {
			s.core.unparsed -= requestBytes + len(r.Body)
			if !s.ended {
				s.take(r.Number, result.(parsed))
			}
		}
		if len(r.Body) <= inlineMax {
			done(parse(r.Body))
			continue
		}
		s.parsing = true
		s.core.emit(Background{func() any { return parse(r.Body) }, func(result any) {
			s.parsing = false
			done(result)
			s.parseWaiting()
		}})
		return
	}
}

// parsed is the result of parse.
type parsed struct {
	request wire.Control
	err     error
}

func parse(body []byte) parsed {
	request, err := wire.DecodeControl(body)
	return parsed{request, err}
}

// take begins to do what a request asks for.
func (s *session) take(number uint64, p parsed) {
	if p.err != nil {
		s.fail(number, wire.CodeBadRequest, p.err.Error())
		return
	}
	if fault := s.role.Forbids(p.request); fault != "" {
		s.fail(number, wire.CodeForbidden, fault)
		return
	}
	switch request := p.request.(type) {
	case wire.StatusRequest:
		s.status(number, request.Wait)
	case wire.InitiateRequest:
		if e := s.epoch(number); e != nil {
			s.initiate(e, number, request)
		}
	case wire.CallRequest:
		if e := s.epoch(number); e != nil {
			e.clients.add(s, number, request.Request)
		}
	case wire.RestoreRequest:
		s.restore(number, request)
	case wire.ResumeRequest:
		s.resume(number)
	}
}

// epoch returns the current epoch. If there is none it fails the request.
func (s *session) epoch(number uint64) *epoch {
	if s.core.epoch == nil {
		s.fail(number, wire.CodeNoEpoch, fmt.Sprintf("%s runs no program yet: try again", s.core.self))
	}
	return s.core.epoch
}

func (s *session) initiate(e *epoch, number uint64, r wire.InitiateRequest) {
	c := s.core
	if len(r.At) == 0 {
		r.At = c.initiators()
	} else if fault := c.checkInitiators(r.At); fault != nil {
		s.fail(number, fault.Code, fault.Text)
		return
	}
	if fault := r.Fault(); fault != "" {
		s.fail(number, wire.CodeBadRequest, fault)
		return
	}
	timeout := c.Cluster.Snapshot.Timeout
	if r.TimeoutMS > 0 {
		timeout = time.Duration(min(r.TimeoutMS, timeoutMax.Milliseconds())) * time.Millisecond
	}
	answered := false
	finished := func(t *taken) {
		write, size := func(w io.Writer) error { return t.WriteJSON(w, r.Compact) }, t.size
		if r.Light {
			write, size = func(io.Writer) error { return nil }, 0
		}
		s.deliver(number, t.result, size, write, func() {
			answered = true
			s.snapshots--
			s.finish(wire.Reply{Number: number, Kind: wire.KindEnd, Body: t.end()})
		})
	}
	refused := func(code string, err error) {
		s.snapshots--
		s.fail(number, code, err.Error())
	}
	started := func(a *assembling) {
		a.owner = s
		if r.Progress {
			s.sendProgress(number, a.collector, c.now, &answered)
		}
	}
	s.snapshots++
	if r.Save {
		one := &save{
			epoch: e, initiators: r.At, deadline: c.now + timeout, wants: snapshot.Wants{Journal: r.Journal, Save: true, Light: r.Light}, name: r.Name, owner: s,
			started: started, finished: finished, refused: func(err error) { refused(savingCode(err), err) },
		}
		one.take()
		return
	}
	a, err := e.initiate(r.At, timeout, snapshot.Wants{Journal: r.Journal}, finished)
	if err != nil {
		refused(wire.CodeLimit, err)
		return
	}
	started(a)
}

// progressEvery is the interval between two progress replies.
const progressEvery = 100 * time.Millisecond

// sendProgress sends progress replies until the client has its answer. They continue
// while a large snapshot is assembled and checked, so that the client knows that this
// node lives. While the snapshot is on its way the host drops them.
func (s *session) sendProgress(number uint64, collector *snapshot.Collector, started time.Duration, answered *bool) {
	c := s.core
	c.after(progressEvery, func() {
		if _, open := c.conns[s.conn]; *answered || !open {
			return
		}
		p := collector.Progress()
		s.write(wire.Reply{Number: number, Kind: wire.KindProgress, Body: mustJSON(wire.ProgressReply{
			Recorded: p.Recorded, Processes: p.Processes, Closed: p.Closed, Channels: p.Channels,
			InFlight: p.InFlight, ElapsedMS: milliseconds(c.now - started),
		})})
		s.sendProgress(number, collector, started, answered)
	})
}

// timeoutMax is the longest time-out that a client can ask for.
const timeoutMax = 24 * time.Hour

func (c *Core) checkInitiators(at []snapshot.ProcessID) *wire.ErrorReply {
	for i, id := range at {
		if !c.topology.Has(id) {
			return &wire.ErrorReply{Code: wire.CodeBadRequest, Text: fmt.Sprintf("no process %q in cluster %q", id, c.Cluster.Name)}
		}
		if slices.Contains(at[:i], id) {
			return &wire.ErrorReply{Code: wire.CodeBadRequest, Text: fmt.Sprintf("initiator %q is named twice", id)}
		}
	}
	if at[0] != c.self {
		return &wire.ErrorReply{Code: wire.CodeBadRequest, Text: fmt.Sprintf("the first initiator is %q, but this is %q", at[0], c.self)}
	}
	if lost := c.topology.Unreached(at...); len(lost) > 0 {
		return &wire.ErrorReply{Code: wire.CodeUnreachable, Text: fmt.Sprintf("no marker reaches %v", lost)}
	}
	return nil
}
