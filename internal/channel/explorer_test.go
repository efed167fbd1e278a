package channel

import (
	"fmt"
	"slices"
	"strings"

	"chandy/snapshot"
)

// explorer goes depth first through every order of the steps of a scope, and
// visits every state of the whole once. What it shows of progress: no order goes
// on for ever (no state is reached again on a path from itself), and wherever
// nothing goes on everything has arrived. So from every state, however the steps
// are ordered once faults stop, everything that was sent arrives.
type explorer struct {
	*scope
	from, to           []int // processes, of topology.Channels
	fromEnd, toEnd     []int // and places in topology.Out and In
	inChannel, outChan [][]int
	asks               []*ask

	nodes     []*node
	numbers   map[string]uint32 // of nodes, by their encoding
	recorders map[string]*recorder
	wires     *wires
	key       []byte

	visited  visited
	path     []move
	moves    []move // of all states on the path
	ended    int    // states in which nothing goes on
	complete int    // snapshots, of those that differ
	checked  map[[processesMax + 1]uint32]struct{}
	found    map[string]*finding // by check, the one with the fewest steps
	// first makes it stop at the first finding.
	first bool
}

const (
	processesMax = 3
	channelsMax  = 3
)

// world is the state of the whole: local states and wires by their numbers, and
// how many faults there were. It is exact, not a hash.
type world struct {
	locals                [processesMax]uint32
	wires                 [channelsMax]uint32
	disconnects, restarts uint8
}

// node is a local state of one process and what its steps make of it, as far as
// they were computed.
type node struct {
	*local
	steps   []event
	ins     []half // as topology.In
	outs    []half
	sentAll int
	parts   [snapshotsMax]uint32 // by their numbers
	edges   []edge
}

// edge is the outcome of a step: another local state and what happens on wires.
type edge struct {
	event
	to    uint32
	ops   []op
	wrong bool
}

// move is a step in the whole: of a process, or of a channel and on the
// connection k of its wire.
type move struct {
	event
	process uint8
	channel uint8
	k       uint8
}

func newExplorer(s *scope) *explorer {
	x := &explorer{
		scope: s, numbers: map[string]uint32{}, recorders: map[string]*recorder{}, wires: newWires(),
		checked: map[[processesMax + 1]uint32]struct{}{}, found: map[string]*finding{},
	}
	t := s.topology
	x.inChannel, x.outChan = make([][]int, len(t.Processes)), make([][]int, len(t.Processes))
	for i, c := range t.Channels {
		from, to := s.index(c.From), s.index(c.To)
		x.from, x.to = append(x.from, from), append(x.to, to)
		x.fromEnd = append(x.fromEnd, slices.Index(t.Out(c.From), c.To))
		x.toEnd = append(x.toEnd, slices.Index(t.In(c.To), c.From))
		x.outChan[from] = append(x.outChan[from], i)
		x.inChannel[to] = append(x.inChannel[to], i)
	}
	for range t.Processes {
		x.asks = append(x.asks, &ask{})
	}
	return x
}

func (x *explorer) channel(from, to snapshot.ProcessID) int {
	return slices.Index(x.topology.Channels, snapshot.Channel{From: from, To: to})
}

// explore visits all that can be reached. It does not go on from a step with a
// finding, but it does elsewhere.
func (x *explorer) explore() map[string]*finding {
	x.visit(x.begin())
	return x.found
}

// begin is the state in which every process has just started and dialled; or, if
// the scope says so, in which everything is connected.
func (x *explorer) begin() (w world) {
	for i, id := range x.topology.Processes {
		l := &local{scope: x.scope, process: i, life: 1}
		l.sent, l.marked = make([]uint8, len(l.out())), make([]uint8, len(l.out()))
		l.begin(x)
		w.locals[i] = x.intern(l)
		for _, to := range x.topology.Out(id) {
			c := x.channel(id, to)
			w.wires[c] = x.wires.apply(0, dials, 0, x.wires.item(frame{kind: hello, incarnation: l.incarnation()}))
		}
	}
	if !x.known {
		return w
	}
	for c := range x.topology.Channels {
		w, _ = x.take(w, move{event: event{kind: takes}, channel: uint8(c)})
		w, _ = x.take(w, move{event: event{kind: returns}, channel: uint8(c)})
	}
	return w
}

// visit goes on from one state.
func (x *explorer) visit(w world) {
	if x.first && len(x.found) > 0 {
		return
	}
	if seen, before := x.visited.enter(&w); before {
		x.report(finds(checkProgress, "this goes on for ever"))
		return
	} else if seen {
		return
	}
	defer x.visited.leave(&w)
	if x.checkPairs(w) || x.allFinished(w) {
		return
	}
	first := len(x.moves)
	if goes := x.enable(w); !goes {
		x.end(w, true)
	}
	for i, last := first, len(x.moves); i < last; i++ {
		x.path = append(x.path, x.moves[i])
		if next, ok := x.take(w, x.moves[i]); ok {
			x.visit(next)
		}
		x.path = x.path[:len(x.path)-1]
	}
	x.moves = x.moves[:first]
}

// checkPairs makes the checks between the ends of channels.
func (x *explorer) checkPairs(w world) (wrong bool) {
	for c := range x.topology.Channels {
		if found := checkPair(x.halves(w, c)); found != nil {
			x.report(found)
			wrong = true
		}
	}
	return wrong
}

func (x *explorer) halves(w world, c int) (snapshot.Channel, half, half) {
	out := &x.nodes[w.locals[x.from[c]]].outs[x.fromEnd[c]]
	in := &x.nodes[w.locals[x.to[c]]].ins[x.toEnd[c]]
	return x.topology.Channels[c], *out, *in
}

// allFinished tells whether every process has reported the last piece of every
// part, without a restart. Then no part changes any more, and what the channels do
// without snapshots is another exploration.
func (x *explorer) allFinished(w world) bool {
	if len(x.starts) == 0 || w.restarts > 0 || x.scope.restarts > 0 || x.abandon {
		return false
	}
	for i := range x.topology.Processes {
		if int(x.nodes[w.locals[i]].finished) != 1<<len(x.starts)-1 {
			return false
		}
	}
	x.end(w, false)
	return true
}

// end makes the checks of a state in which nothing goes on. Those of a snapshot
// depend on its parts only and are made once for the same ones.
func (x *explorer) end(w world, arrived bool) {
	x.ended++
	for c := 0; arrived && c < len(x.topology.Channels); c++ {
		channel, out, in := x.halves(w, c)
		x.report(checkArrived(channel, out, in, !x.stale && x.acks > 0))
	}
	for k := range x.starts {
		key := [processesMax + 1]uint32{processesMax: uint32(k)}
		var locals []*local
		for i := range x.topology.Processes {
			n := x.nodes[w.locals[i]]
			locals = append(locals, n.local)
			key[i] = n.parts[k]<<2 | uint32(n.life)
		}
		if _, done := x.checked[key]; !done {
			x.checked[key] = struct{}{}
			x.report(x.checkSnapshot(k, locals))
		}
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

// frame is the frame that an event is about.
func (x *explorer) frame(e event) frame {
	if e.kind == takes || e.kind == returns || e.kind == returnsStale {
		return x.wires.frames[e.item]
	}
	return frame{}
}

// recorder numbers the state of a Recorder.
func (x *explorer) recorder(r *snapshot.Recorder) *recorder {
	x.key = appendRecorder(x.key[:0], r)
	one, ok := x.recorders[string(x.key)]
	if !ok {
		one = &recorder{r, uint32(len(x.recorders))}
		x.recorders[string(x.key)] = one
	}
	return one
}

// intern is the number of a local state.
func (x *explorer) intern(l *local) uint32 {
	x.key = l.append(x.key[:0])
	number, ok := x.numbers[string(x.key)]
	if ok {
		return number
	}
	number = uint32(len(x.nodes))
	x.numbers[string(x.key)] = number
	n := &node{local: l, steps: l.enabled()}
	for _, to := range l.out() {
		n.outs = append(n.outs, l.outHalf(to))
	}
	for _, from := range l.in() {
		n.ins = append(n.ins, l.inHalf(from))
	}
	for _, sent := range l.sent {
		n.sentAll += int(sent)
	}
	for k := range l.starts {
		n.parts[k] = x.partNumber(l.part(k))
	}
	x.nodes = append(x.nodes, n)
	return number
}

// partNumber is the number of a part; it shares the table of local states, whose
// encodings begin with the number of a process.
func (x *explorer) partNumber(part string) uint32 {
	key := "\xff" + part
	number, ok := x.numbers[key]
	if !ok {
		number = uint32(len(x.numbers))
		x.numbers[key] = number
	}
	return number
}

// renderPath is the order of steps that led to a finding, one a line.
func (x *explorer) renderPath() string {
	var b strings.Builder
	w := x.begin()
	for _, m := range x.path {
		process, e := x.resolve(w, m)
		fmt.Fprintf(&b, "  %s\n", e.render(x.nodes[w.locals[process]].local, x.frame(e)))
		w, _ = x.take(w, m)
	}
	return b.String()
}
