package question

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"chandy/snapshot"
)

// Wait is a request of one process that another has received and not answered.
type Wait struct {
	From, For snapshot.ProcessID // the process that asked, and the one that has not answered
	Request   string             // the msg_id of the request, in JSON
	Open      time.Duration      // since the other process received it; 0 if it is in flight
	InFlight  bool               // the request is on its way
}

// String returns the wait for people.
func (w Wait) String() string {
	if w.InFlight {
		return fmt.Sprintf("%s waits for %s: request %s is on its way", w.From, w.For, w.Request)
	}
	return fmt.Sprintf("%s waits for %s: request %s, open for %v", w.From, w.For, w.Request, w.Open.Round(time.Millisecond))
}

// Waits returns who waits for whose answer, by process that asked and then by process that
// was asked. A request is not waited for any more if its answer is on its way.
func Waits(g *snapshot.Global) []Wait {
	var all []Wait
	answered := answers(g)
	for _, p := range g.Processes {
		for _, open := range p.State.Open {
			from := open.From
			if !from.IsClient() && !answered[reply{p.ID, from, open.MsgID}] {
				all = append(all, Wait{From: from, For: p.ID, Request: open.MsgID, Open: open.Since})
			}
		}
	}
	for _, c := range g.Channels {
		eachMessage(c, func(m body) {
			if isID(m.MsgID) && !isID(m.InReplyTo) {
				all = append(all, Wait{From: c.Channel.From, For: c.Channel.To, Request: string(m.MsgID), InFlight: true})
			}
		})
	}
	slices.SortStableFunc(all, func(a, b Wait) int {
		return strings.Compare(string(a.From)+" "+string(a.For), string(b.From)+" "+string(b.For))
	})
	return all
}

// Stalled reports whether there are processes that only a timer or a client can move: each of
// them is idle, no message is on its way to it, it holds a request of a process that it has
// not answered or waits for the answer to its own, and everybody for whose answer it waits is
// one of them too. The processes need not say for whom they wait: their nodes know the
// requests that are open.
//
// This holds for programs that handle one request at a time. A program that handles several
// can be moved by another request as well.
func Stalled(g *snapshot.Global) Answer {
	waits := Waits(g)
	for _, p := range g.Processes {
		if n := uint64(len(p.State.Open)); p.State.OpenTotal > n {
			return unknown("%s has %d requests that it has not answered, and the snapshot lists %d of them", p.ID, p.State.OpenTotal, n)
		}
	}
	if set := stalledSet(g, waits, false); len(set) > 0 {
		return Answer{Verdict: Yes, Witness: renderStall(waits, set)}
	}
	for _, p := range g.Processes {
		if p.State.Open == nil && quiet(g, p.ID) && p.State.Idle != snapshot.IdleNo && mayBeAsked(g, p.ID) {
			return unknown("%s does not say which requests it has not answered", p.ID)
		}
	}
	if set := stalledSet(g, waits, true); len(set) > 0 {
		doubtful := slices.DeleteFunc(slices.Clone(set), func(p snapshot.ProcessID) bool { return idle(g, p, false) })
		return unknown("%s would be stalled if it were known that %s does nothing by itself", few(set), few(doubtful))
	}
	return no(g)
}

// stalledSet returns the largest set of processes that are stalled. If suspect is set, a
// process that may be idle counts as idle.
func stalledSet(g *snapshot.Global, waits []Wait, suspect bool) []snapshot.ProcessID {
	in := map[snapshot.ProcessID]bool{}
	for _, w := range waits {
		for _, p := range []snapshot.ProcessID{w.From, w.For} {
			in[p] = quiet(g, p) && idle(g, p, suspect)
		}
	}
	for changed := true; changed; {
		changed = false
		for _, w := range waits {
			if in[w.From] && !in[w.For] {
				in[w.From] = false
				changed = true
			}
		}
	}
	var set []snapshot.ProcessID
	for _, p := range slices.Sorted(maps.Keys(in)) {
		held := func(w Wait) bool { return w.From == p || w.For == p && in[w.From] }
		if in[p] && slices.ContainsFunc(waits, held) {
			set = append(set, p)
		}
	}
	return set
}

// idle reports whether a process does nothing by itself: it says so, or its node has seen
// it asleep after it had taken everything.
func idle(g *snapshot.Global, id snapshot.ProcessID, suspect bool) bool {
	p := g.Process(id)
	switch {
	case p == nil:
		return suspect
	case p.State.Idle == snapshot.IdleNo:
		return false
	case p.State.Idle == snapshot.IdleYes, p.State.About != nil && strings.Contains(p.State.About.Settled, "idle"):
		return true
	}
	return suspect
}

// quiet reports whether nothing is on its way to a process.
func quiet(g *snapshot.Global, id snapshot.ProcessID) bool {
	return !slices.ContainsFunc(g.Channels, func(c snapshot.ChannelState) bool {
		return c.Channel.To == id && !(c.Known && c.Sent == c.Received)
	})
}

// mayBeAsked reports whether a process has received anything from another.
func mayBeAsked(g *snapshot.Global, id snapshot.ProcessID) bool {
	return slices.ContainsFunc(g.Channels, func(c snapshot.ChannelState) bool {
		return c.Channel.To == id && c.Received > 0
	})
}

// body holds the members of a message that make it a request or an answer.
type body struct {
	MsgID     json.RawMessage `json:"msg_id"`
	InReplyTo json.RawMessage `json:"in_reply_to"`
}

// isID reports whether a message has an id. A node takes null, 0 and -1 for none too: see
// package maelstrom.
func isID(id json.RawMessage) bool {
	return id != nil && !slices.Contains([]string{"null", "0", "-1"}, string(id))
}

// eachMessage calls f for each message in flight on a channel that has a body: at the top, as
// in bundled programs, or under the key "body", as in lines of children.
func eachMessage(c snapshot.ChannelState, f func(body)) {
	for _, batch := range c.Messages {
		for _, payload := range batch.All() {
			var line struct {
				body
				Body *body `json:"body"`
			}
			if json.Unmarshal(payload, &line) != nil {
				continue
			}
			if line.Body != nil {
				f(*line.Body)
			} else {
				f(line.body)
			}
		}
	}
}

// reply names an answer: who sends it to whom, and to which request.
type reply struct {
	from, to snapshot.ProcessID
	request  string
}

// answers returns the answers in flight.
func answers(g *snapshot.Global) map[reply]bool {
	all := map[reply]bool{}
	for _, c := range g.Channels {
		eachMessage(c, func(m body) {
			if isID(m.InReplyTo) {
				all[reply{c.Channel.From, c.Channel.To, string(m.InReplyTo)}] = true
			}
		})
	}
	return all
}

// renderStall names the circle in a set of processes, or their waits.
func renderStall(waits []Wait, set []snapshot.ProcessID) []string {
	graph := waiting{}
	var all []string
	for _, w := range waits {
		if slices.Contains(set, w.From) && slices.Contains(set, w.For) {
			graph[w.From] = append(graph[w.From], w.For)
			all = append(all, w.String())
		}
	}
	if circle := findCircle(graph); circle != nil {
		return append([]string{renderCircle(circle)}, all...)
	}
	return all
}
