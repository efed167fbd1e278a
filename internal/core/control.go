package core

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// session is one control connection.
type session struct {
	core *Core
	conn ConnID
}

// sessionsMax is how many clients may be connected at once.
const sessionsMax = 1024

func (c *Core) openSession(conn ConnID) {
	c.sessions++
	c.use(conn, &session{c, conn})
	c.do(Accept{conn})
	c.write(conn, wire.Welcome{Version: wire.Version, Epoch: epoch, Incarnation: c.Incarnation})
}

func (s *session) String() string { return "control" }

// closed forgets who waits here for a reply of the program.
func (s *session) closed(error) {
	c := s.core
	c.sessions--
	c.awaitingUp = slices.DeleteFunc(c.awaitingUp, func(w waiter) bool { return w.session == s })
	c.delivery.requests = slices.DeleteFunc(c.delivery.requests, func(r request) bool {
		one := c.delivery.clients[r.client]
		return one == nil || one.session == s
	})
	for id, one := range c.delivery.clients {
		if one.session == s {
			delete(c.delivery.clients, id)
		}
	}
}

func (s *session) frame(f wire.Frame) error {
	r, ok := f.(wire.Request)
	if !ok {
		return fmt.Errorf("%s does not belong here", f.Type())
	}
	request, err := wire.DecodeControl(r.Body)
	if err != nil {
		s.fail(r.Number, wire.CodeBadRequest, err.Error())
		return nil
	}
	switch request := request.(type) {
	case wire.InitiateRequest:
		s.initiate(r.Number, request)
	case wire.StatusRequest:
		s.status(r.Number, request.Wait)
	case wire.CallRequest:
		s.call(r.Number, request.Request)
	}
	return nil
}

func (s *session) initiate(number uint64, r wire.InitiateRequest) {
	c := s.core
	if len(r.At) == 0 {
		r.At = c.initiators()
	} else if fault := c.checkInitiators(r.At); fault != nil {
		s.fail(number, fault.Code, fault.Text)
		return
	}
	timeout := c.Cluster.Snapshot.Timeout
	if r.TimeoutMS > 0 {
		timeout = time.Duration(min(r.TimeoutMS, timeoutMax.Milliseconds())) * time.Millisecond
	}
	answered := false
	finished := func(g *snapshot.Global) {
		work := func() any { return g.AppendJSON(nil, r.Compact) }
		c.work(g.Room(), work, func(text any) {
			answered = true
			s.result(number, text.([]byte), mustJSON(endReply(g)))
		})
	}
	a, err := c.initiate(r.At, timeout, finished)
	if err != nil {
		s.fail(number, wire.CodeLimit, err.Error())
		return
	}
	if r.Progress {
		s.tellProgress(number, a.collector, c.now, &answered)
	}
}

// progressEvery is how often the progress of a snapshot is told.
const progressEvery = 100 * time.Millisecond

// tellProgress tells it until the client has its answer: also while the JSON of a
// large one is written, so that the client knows that this node lives.
func (s *session) tellProgress(number uint64, collector *snapshot.Collector, started time.Duration, answered *bool) {
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
		s.tellProgress(number, collector, started, answered)
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

func endReply(g *snapshot.Global) wire.EndReply {
	end := wire.EndReply{
		ID: g.ID, Status: g.Status(), Processes: len(g.Processes), Channels: len(g.Channels),
		InFlight: g.InFlight(), Missing: []string{}, Unknown: []string{}, ElapsedMS: milliseconds(g.Elapsed),
	}
	for _, m := range g.Missing {
		end.Missing = append(end.Missing, m.String())
	}
	for _, c := range g.Channels {
		if !c.Known {
			end.Unknown = append(end.Unknown, c.Channel.String())
		}
	}
	end.Missing, end.Unknown = shorten(end.Missing), shorten(end.Unknown)
	return end
}

// shorten keeps the first of many lines for people; all are in the snapshot.
func shorten(lines []string) []string {
	const most = 50
	if len(lines) <= most {
		return lines
	}
	return append(lines[:most:most], fmt.Sprintf("and %d more", len(lines)-most))
}

func (s *session) write(r wire.Reply) {
	if _, open := s.core.conns[s.conn]; open {
		s.core.write(s.conn, r)
	}
}

// fail ends a request. The text may hold what the client wrote, and is cut.
func (s *session) fail(number uint64, code, text string) {
	if len(text) > wire.TextMax {
		text = strings.ToValidUTF8(text[:wire.TextMax], "")
	}
	s.write(wire.Reply{Number: number, Kind: wire.KindError, Body: mustJSON(wire.ErrorReply{Code: code, Text: text})})
}

// result sends data in chunks, then the end.
func (s *session) result(number uint64, data, end []byte) {
	for chunk := range slices.Chunk(data, wire.ChunkMax) {
		s.write(wire.Reply{Number: number, Kind: wire.KindData, Body: chunk})
	}
	s.write(wire.Reply{Number: number, Kind: wire.KindEnd, Body: end})
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("bug: " + err.Error())
	}
	return b
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
