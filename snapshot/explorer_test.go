package snapshot

import (
	"fmt"
	"slices"
	"strings"
)

// explorer goes depth first through every order of the steps of a scope and visits
// every state of the whole once.
//
// Nothing is left out but this: an order is not followed beyond the moment at which
// every process has finished its part of every snapshot (unless processes abandon).
// From there on no Recorder has anything in progress or is asked to start anything
// new, so no part changes any more. No order goes on for ever: every step uses up
// something (a message to send, to deliver or to receive, a marker, an initiation).
type explorer struct {
	*scope
	ends       []channelEnds // as topology.Channels
	inChannel  [][]int       // of a process, the channels that end there, as topology.In
	outChannel [][]int

	nodes   []*node
	numbers map[string]uint32 // of nodes, by their encoding
	key     []byte            // room for an encoding
	queues  queues
	markers []Marker // different ones; an item of a queue is the number of one, from 1

	visited map[world]struct{}
	path    []step                // from the beginning to the state that is visited
	enabled []step                // of all states on the path
	ended   int                   // states from which nothing goes on
	parts   map[string]uint32     // numbers
	checked map[partsKey]struct{} // by check
	found   map[string]*finding   // by check: the one with the fewest steps
}

const (
	processesMax = 3
	channelsMax  = 6
	stepsMax     = 100 // more than any order in our scopes has
)

// world is the state of the whole: local states and queues by their numbers. It is
// exact, not a hash: two states are the same exactly if their worlds are equal.
type world struct {
	locals [processesMax]uint32
	queues [channelsMax]uint16
}

type channelEnds struct{ from, fromEnd, to, toEnd int }

// node is a local state of one process and what its steps make of it, as far as
// they were computed.
type node struct {
	*local
	sent   int // messages, on all channels
	parts  [snapshotsMax]uint32
	events [eventsMax]uint32 // by event.index: the number of an edge, from 1
	edges  []edge
}

// edge is the outcome of a step: another local state, and items for channels.
type edge struct {
	to     uint32
	pushes []queued
}

type queued struct {
	channel int
	item    uint8
}

// partsKey is the parts of all processes of one snapshot, by their numbers.
type partsKey struct {
	snapshot int
	parts    [processesMax]uint32
}

// step is a step of a process, by its number.
type step struct {
	process int
	event   event
}

func newExplorer(s *scope) *explorer {
	x := &explorer{
		scope: s, numbers: map[string]uint32{}, visited: map[world]struct{}{},
		queues: newQueues(s.fault.overtake), parts: map[string]uint32{}, checked: map[partsKey]struct{}{}, found: map[string]*finding{},
	}
	t := s.topology
	x.inChannel, x.outChannel = make([][]int, len(t.Processes)), make([][]int, len(t.Processes))
	for i, c := range t.Channels {
		e := channelEnds{
			from: slices.Index(t.Processes, c.From), fromEnd: slices.Index(t.Out(c.From), c.To),
			to: slices.Index(t.Processes, c.To), toEnd: slices.Index(t.In(c.To), c.From),
		}
		x.ends = append(x.ends, e)
		x.outChannel[e.from] = append(x.outChannel[e.from], i)
		x.inChannel[e.to] = append(x.inChannel[e.to], i)
	}
	return x
}

// explore visits all that can be reached. It does not go on from a step with a
// finding, but it does elsewhere: what is found does not depend on the order in
// which it looks.
func (x *explorer) explore() map[string]*finding {
	x.visit(x.begin())
	return x.found
}

// begin is the state in which nothing has happened.
func (x *explorer) begin() (w world) {
	for i, id := range x.topology.Processes {
		h := newHost(id, firstIncarnation(id), x.topology, snapshotsMax)
		h.fault = x.fault
		w.locals[i] = x.intern(i, &local{host: h})
	}
	return w
}

// visit goes on from one state.
func (x *explorer) visit(w world) {
	if _, seen := x.visited[w]; seen || x.endless() {
		return
	}
	x.visited[w] = struct{}{}
	if !x.abandon && x.finished(w) {
		x.end(w)
		return
	}
	first := len(x.enabled)
	x.enable(w)
	last := len(x.enabled)
	if first == last {
		x.end(w)
	}
	for i := first; i < last; i++ {
		s := x.enabled[i]
		x.path = append(x.path, s)
		if next, ok := x.take(w, s); ok {
			x.visit(next)
		}
		x.path = x.path[:len(x.path)-1]
	}
	x.enabled = x.enabled[:first]
}

// endless tells, and reports, that an order goes on for longer than it can. Then
// there is no point in going on anywhere.
func (x *explorer) endless() bool {
	if len(x.path) > stepsMax {
		x.report(finds(checkSteps, "it goes on for ever"))
	}
	return x.found[checkSteps] != nil && x.found[checkSteps].steps > stepsMax
}

// finished tells whether every process has reported the last piece of every part.
func (x *explorer) finished(w world) bool {
	all := uint8(1)<<len(x.starts) - 1
	for i := range x.topology.Processes {
		all &= x.nodes[w.locals[i]].finished
	}
	return all == 1<<len(x.starts)-1
}

// enable appends every step that can be taken to x.enabled.
func (x *explorer) enable(w world) {
	sent := 0
	for i, id := range x.topology.Processes {
		n := x.nodes[w.locals[i]]
		sent += n.sent
		can := func(k kind, arg int) { x.enabled = append(x.enabled, step{i, event{kind: k, arg: uint8(arg)}}) }
		capturing := n.recorder.Capturing()
		for j := range n.in {
			if n.in[j].received < n.in[j].arrived && (!capturing || x.fault.impatient) {
				can(receives, j)
			}
		}
		if capturing {
			can(records, 0)
		}
		for k := range x.starts {
			if n.asked>>k&1 == 0 && slices.Contains(x.initiators[k], id) {
				can(initiates, k)
			}
			if x.abandon && n.abandoned>>k&1 == 0 {
				can(abandons, k)
			}
		}
	}
	for c, ends := range x.ends {
		if item, ok := x.queues.head(w.queues[c]); ok {
			e := event{kind: arrives, arg: uint8(ends.toEnd)}
			if item != message {
				e.kind, e.marker = marks, item
			}
			x.enabled = append(x.enabled, step{ends.to, e})
		}
		if sent < x.messages {
			x.enabled = append(x.enabled, step{ends.from, event{kind: sends, arg: uint8(ends.fromEnd)}})
		}
	}
}

// take is the state after a step. It is not ok if there is a finding.
func (x *explorer) take(w world, s step) (world, bool) {
	n := x.nodes[w.locals[s.process]]
	number := n.events[s.event.index()]
	if number == 0 {
		e, found := x.compute(n, s)
		if found != nil {
			x.report(found)
			return w, false
		}
		n.edges = append(n.edges, e)
		number = uint32(len(n.edges))
		n.events[s.event.index()] = number
	}
	e := &n.edges[number-1]
	w.locals[s.process] = e.to
	if k := s.event.kind; k == arrives || k == marks {
		c := x.inChannel[s.process][s.event.arg]
		w.queues[c] = x.queues.pop(w.queues[c])
	}
	for _, q := range e.pushes {
		w.queues[q.channel] = x.queues.push(w.queues[q.channel], q.item)
	}
	return w, true
}

// compute lets the real Recorder take a step.
func (x *explorer) compute(n *node, s step) (edge, *finding) {
	var m Marker
	if s.event.kind == marks {
		m = x.markers[s.event.marker-1]
	}
	next := n.local.clone()
	pushes, found := next.do(s.event, x.scope, m)
	if found != nil {
		return edge{}, found
	}
	e := edge{to: x.intern(s.process, next)}
	if s.event.kind == sends {
		e.pushes = append(e.pushes, queued{x.outChannel[s.process][s.event.arg], message})
	}
	for _, p := range pushes {
		e.pushes = append(e.pushes, queued{x.outChannel[s.process][p.end], x.item(p.marker)})
	}
	return e, nil
}

// item is the number of a marker, from 1.
func (x *explorer) item(m Marker) uint8 {
	i := slices.Index(x.markers, m)
	if i < 0 {
		if i = len(x.markers); i == markersMax-1 {
			panic("bug: too many different markers")
		}
		x.markers = append(x.markers, m)
	}
	return uint8(i + 1)
}

// intern is the number of a local state of a process.
func (x *explorer) intern(process int, l *local) uint32 {
	x.key = l.append(append(x.key[:0], byte(process)))
	number, ok := x.numbers[string(x.key)]
	if !ok {
		number = uint32(len(x.nodes))
		x.numbers[string(x.key)] = number
		n := &node{local: l, sent: int(l.sentInAll())}
		for k := range x.starts {
			n.parts[k] = x.partNumber(l.part(k))
		}
		x.nodes = append(x.nodes, n)
	}
	return number
}

// partNumber is the number of a part, as local.part renders it.
func (x *explorer) partNumber(part string) uint32 {
	if _, ok := x.parts[part]; !ok {
		x.parts[part] = uint32(len(x.parts))
	}
	return x.parts[part]
}

// end makes the checks of a state from which nothing goes on. They depend on the
// parts of one snapshot only (see check), and are made once for the same parts.
func (x *explorer) end(w world) {
	x.ended++
	for k := range x.starts {
		key := partsKey{snapshot: k}
		var locals []*local
		for i := range x.topology.Processes {
			n := x.nodes[w.locals[i]]
			locals = append(locals, n.local)
			key.parts[i] = n.parts[k]
		}
		if _, done := x.checked[key]; done {
			continue
		}
		x.checked[key] = struct{}{}
		x.check(k, locals)
	}
}

func (x *explorer) report(found *finding) {
	if found == nil {
		return
	}
	if last := x.found[found.check]; last == nil || last.steps > len(x.path) {
		found.steps, found.path = len(x.path), x.renderPath()
		x.found[found.check] = found
	}
}

// renderPath is the order of steps that led to a finding, one a line.
func (x *explorer) renderPath() string {
	var b strings.Builder
	for _, s := range x.path {
		t := x.topology
		id := t.Processes[s.process]
		fmt.Fprintf(&b, "  %s %s", id, s.event.kind)
		switch s.event.kind {
		case sends:
			fmt.Fprintf(&b, " %s", t.Out(id)[s.event.arg])
		case receives, arrives:
			fmt.Fprintf(&b, " %s", t.In(id)[s.event.arg])
		case marks:
			fmt.Fprintf(&b, " %s: %s", t.In(id)[s.event.arg], x.markers[s.event.marker-1])
		case initiates, abandons:
			fmt.Fprintf(&b, " %s", x.starts[s.event.arg].ID)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
