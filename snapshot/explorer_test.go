package snapshot

import (
	"fmt"
	"slices"

	"chandy/internal/explore"
)

// explorer searches every order of the steps of a scope.
//
// An order is not followed beyond the moment at which every process has finished its
// part of every snapshot, unless processes abandon. From then on no Recorder has
// anything in progress or is asked to start anything, so no part changes. Every step
// uses up something (a message to send, to deliver or to receive, a marker, an
// initiation), so every order comes to an end.
type explorer struct {
	explore.Search[world, world, step]
	*scope
	ends       []channelEnds // as topology.Channels
	inChannel  [][]int       // of each process: the channels that end there, as topology.In
	outChannel [][]int       // of each process: the channels that begin there, as topology.Out

	nodes   explore.Table[*node]
	key     []byte // buffer for an encoding
	queues  queues
	markers []Marker // the different ones; an item of a queue is the number of one, from 1

	parts   explore.Table[struct{}]
	checked map[partsKey]struct{} // what end has checked
}

const (
	processesMax = 3
	channelsMax  = 6
	stepsMax     = 100 // more than any order in our scopes has
)

// world is the state of the whole: the numbers of the local states and of the queues.
type world struct {
	locals [processesMax]uint32
	queues [channelsMax]uint16
}

type channelEnds struct{ from, fromEnd, to, toEnd int }

// node is a local state of one process and the outcomes of its steps that were
// computed.
type node struct {
	*local
	sent  int // messages, on all channels
	parts [snapshotsMax]uint32
	edges explore.Memo[event, edge]
	found *explore.Finding // by checkFreed
}

// edge is the outcome of a step: another local state, and items for channels.
type edge struct {
	to     uint32
	pushes []queued
	found  *explore.Finding
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
	x := &explorer{scope: s, queues: newQueues(s.fault.overtake), checked: map[partsKey]struct{}{}}
	x.Search = explore.Search[world, world, step]{
		Begin: x.begin, Key: func(w *world) world { return *w }, Moves: x.enable, Take: x.take, Text: x.text,
		Finished: x.finished, End: x.end, StepsMax: stepsMax,
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

// begin returns the state in which nothing has happened.
func (x *explorer) begin() (w world) {
	for i := range x.topology.Processes {
		w.locals[i] = x.intern(i, x.newLocal(i))
	}
	return w
}

// finished reports whether every process has reported the last piece of every part.
func (x *explorer) finished(w world) bool {
	all := uint8(1)<<len(x.starts) - 1
	for i := range x.topology.Processes {
		all &= x.node(w, i).finished
	}
	return !x.abandon && all == 1<<len(x.starts)-1
}

func (x *explorer) node(w world, process int) *node { return x.nodes.All[w.locals[process]] }

// enable appends every step that can be taken.
func (x *explorer) enable(w world, steps []step) []step {
	sent := 0
	for i, id := range x.topology.Processes {
		n := x.node(w, i)
		sent += n.sent
		can := func(k kind, arg int) { steps = append(steps, step{i, event{kind: k, arg: uint8(arg)}}) }
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
			steps = append(steps, step{ends.to, e})
		}
		if sent < x.messages {
			steps = append(steps, step{ends.from, event{kind: sends, arg: uint8(ends.fromEnd)}})
		}
	}
	return steps
}

// take changes *w into the state after a step.
func (x *explorer) take(w *world, s step) *explore.Finding {
	n := x.node(*w, s.process)
	e := n.edges.Find(s.event)
	if e == nil {
		e = n.edges.Add(s.event, x.compute(n, s))
	}
	if e.found != nil {
		return e.found
	}
	w.locals[s.process] = e.to
	if k := s.event.kind; k == arrives || k == marks {
		c := x.inChannel[s.process][s.event.arg]
		w.queues[c] = x.queues.pop(w.queues[c])
	}
	for _, q := range e.pushes {
		w.queues[q.channel] = x.queues.push(w.queues[q.channel], q.item)
	}
	return nil
}

// compute lets the real Recorder take a step.
func (x *explorer) compute(n *node, s step) edge {
	next := n.local.clone()
	pushes, found := next.do(s.event, x.scope, x.marker(s))
	if found != nil {
		return edge{found: found}
	}
	e := edge{to: x.intern(s.process, next)}
	e.found = x.nodes.All[e.to].found
	if s.event.kind == sends {
		e.pushes = append(e.pushes, queued{x.outChannel[s.process][s.event.arg], message})
	}
	for _, p := range pushes {
		e.pushes = append(e.pushes, queued{x.outChannel[s.process][p.end], x.item(p.marker)})
	}
	return e
}

// marker returns the marker that arrives in a step.
func (x *explorer) marker(s step) (m Marker) {
	if s.event.kind == marks {
		m = x.markers[s.event.marker-1]
	}
	return m
}

// item returns the number of a marker, from 1.
func (x *explorer) item(m Marker) uint8 {
	i := slices.Index(x.markers, m)
	if i < 0 {
		i = len(x.markers)
		x.markers = append(x.markers, m)
	}
	return uint8(i + 1)
}

// intern returns the number of a local state of a process.
func (x *explorer) intern(process int, l *local) uint32 {
	x.key = l.append(append(x.key[:0], byte(process)))
	return x.nodes.Number(x.key, func() *node {
		n := &node{local: l, sent: int(l.sentInAll()), found: l.checkFreed(x.scope)}
		for k := range x.starts {
			n.parts[k] = x.parts.Number([]byte(l.parts[k]), func() (none struct{}) { return none })
		}
		return n
	})
}

// end makes the checks of a state from which nothing goes on. They depend only on
// the parts of one snapshot (see check), and are made once for the same parts.
func (x *explorer) end(w world) (found []*explore.Finding) {
	for k := range x.starts {
		key := partsKey{snapshot: k}
		var locals []*local
		for i := range x.topology.Processes {
			n := x.node(w, i)
			locals = append(locals, n.local)
			key.parts[i] = n.parts[k]
		}
		if _, done := x.checked[key]; !done {
			x.checked[key] = struct{}{}
			found = append(found, x.check(k, locals)...)
		}
	}
	return found
}

// text renders a step.
func (x *explorer) text(_ world, s step) string {
	t := x.topology
	id := t.Processes[s.process]
	text := fmt.Sprintf("%s %s", id, s.event.kind)
	switch s.event.kind {
	case sends:
		text += fmt.Sprintf(" %s", t.Out(id)[s.event.arg])
	case receives, arrives:
		text += fmt.Sprintf(" %s", t.In(id)[s.event.arg])
	case marks:
		text += fmt.Sprintf(" %s: %s", t.In(id)[s.event.arg], x.marker(s))
	case initiates, abandons:
		text += fmt.Sprintf(" %s", x.starts[s.event.arg].ID)
	}
	return text
}
