package channel

import (
	"slices"

	"chandy/internal/explore"
	"chandy/snapshot"
)

// explorer searches every order of the steps of a scope. What it shows of progress is
// that from every state, in whatever order the steps are taken once the faults stop,
// everything that was sent arrives.
type explorer struct {
	explore.Search[world, packed, move]
	*scope
	from, to           []int // processes, as topology.Channels
	fromEnd, toEnd     []int // and places in topology.Out and In
	inChannel, outChan [][]int
	asks               []*ask

	nodes     explore.Table[*node]
	recorders explore.Table[*recorder]
	wires     *wires
	key       []byte // buffer for an encoding

	parts    explore.Table[struct{}]
	complete int // snapshots, of the different ones
	checked  map[[processesMax + 1]uint32]struct{}
}

const (
	processesMax = 3
	channelsMax  = 3
)

// world is the state of the whole: the numbers of local states and wires, and how
// many faults there were.
type world struct {
	locals                [processesMax]uint32
	wires                 [channelsMax]uint32
	disconnects, restarts uint8
}

// packed is a world in 128 bits: a search holds millions of them. It is no array,
// because Go passes arrays in memory and not in registers.
type packed struct{ locals, wires uint64 }

const localBits, wireBits, faultBits = 20, 18, 3

func (w *world) pack() (p packed) {
	for i, local := range w.locals {
		p.locals |= uint64(local) << (i * localBits)
		p.wires |= uint64(w.wires[i]) << (i * wireBits)
		if local >= 1<<localBits || w.wires[i] >= 1<<wireBits {
			panic("bug: too many local states or wires")
		}
	}
	if w.disconnects >= 1<<faultBits || w.restarts >= 1<<faultBits {
		panic("bug: too many faults")
	}
	p.wires |= (uint64(w.disconnects) | uint64(w.restarts)<<faultBits) << (channelsMax * wireBits)
	return p
}

// node is a local state of one process and the outcomes of its steps that were
// computed.
type node struct {
	*local
	steps   []event
	ins     []half // as topology.In
	outs    []half
	sentAll int
	parts   [snapshotsMax]uint32 // by their numbers
	edges   explore.Memo[event, edge]
}

// edge is the outcome of a step: another local state and what happens on wires.
type edge struct {
	to    uint32
	ops   []op
	found *explore.Finding
}

// move is a step in the whole: of a process, or of a channel and on the
// connection k of its wire.
type move struct {
	event
	process uint8
	channel uint8
	k       uint8
	fault   bool // it may happen or not: a fault, or a frame of a connection that its sender has given up
}

func newExplorer(s *scope) *explorer {
	x := &explorer{scope: s, wires: newWires(), checked: map[[processesMax + 1]uint32]struct{}{}}
	x.Search = explore.Search[world, packed, move]{
		Begin: x.begin, Key: (*world).pack, Moves: x.enable, Take: x.take, Text: x.text,
		Fault: func(m move) bool { return m.fault },
		Check: x.checkPairs, Finished: x.allFinished, End: x.end,
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

// begin returns the state in which every process has just started and dialled or, if
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
		x.take(&w, move{event: event{kind: takes}, channel: uint8(c)})
		x.take(&w, move{event: event{kind: returns}, channel: uint8(c)})
	}
	return w
}

// checkPairs makes the checks between the ends of channels.
func (x *explorer) checkPairs(w world) (found []*explore.Finding) {
	for c := range x.topology.Channels {
		if one := checkPair(x.halves(w, c)); one != nil {
			found = append(found, one)
		}
	}
	return found
}

func (x *explorer) node(w world, process int) *node { return x.nodes.All[w.locals[process]] }

func (x *explorer) halves(w world, c int) (snapshot.Channel, half, half) {
	out := &x.node(w, x.from[c]).outs[x.fromEnd[c]]
	in := &x.node(w, x.to[c]).ins[x.toEnd[c]]
	return x.topology.Channels[c], *out, *in
}

// allFinished reports whether every process has reported the last piece of every
// part, without a restart. Then no part changes any more. What the channels do
// without snapshots is another exploration.
func (x *explorer) allFinished(w world) bool {
	if len(x.starts) == 0 || w.restarts > 0 || x.scope.restarts > 0 || x.abandon {
		return false
	}
	for i := range x.topology.Processes {
		if int(x.node(w, i).finished) != 1<<len(x.starts)-1 {
			return false
		}
	}
	return true
}

// end makes the checks of an end. Those of a snapshot depend on its parts only and
// are made once for the same parts.
func (x *explorer) end(w world) (found []*explore.Finding) {
	arrived := !x.allFinished(w)
	for c := 0; arrived && c < len(x.topology.Channels); c++ {
		channel, out, in := x.halves(w, c)
		found = append(found, checkArrived(channel, out, in, !x.stale && x.acks > 0))
	}
	for k := range x.starts {
		key := [processesMax + 1]uint32{processesMax: uint32(k)}
		var locals []*local
		for i := range x.topology.Processes {
			n := x.node(w, i)
			locals = append(locals, n.local)
			key[i] = n.parts[k]<<2 | uint32(n.life)
		}
		if _, done := x.checked[key]; !done {
			x.checked[key] = struct{}{}
			found = append(found, x.checkSnapshot(k, locals))
		}
	}
	return found
}

// frame returns the frame that an event is about.
func (x *explorer) frame(e event) frame {
	if e.kind == takes || e.kind == returns || e.kind == returnsStale {
		return x.wires.frames.All[e.item]
	}
	return frame{}
}

// recorder returns the Recorder that stands for all with the state of r.
func (x *explorer) recorder(r *snapshot.Recorder) *recorder {
	x.key = explore.Append(x.key[:0], r)
	number := x.recorders.Number(x.key, func() *recorder { return &recorder{r, uint32(len(x.recorders.All))} })
	return x.recorders.All[number]
}

// intern returns the number of a local state.
func (x *explorer) intern(l *local) uint32 {
	x.key = l.append(x.key[:0])
	return x.nodes.Number(x.key, func() *node {
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
			n.parts[k] = x.parts.Number([]byte(l.part(k)), func() (none struct{}) { return none })
		}
		return n
	})
}

// text renders a move.
func (x *explorer) text(w world, m move) string {
	process, e := x.resolve(w, m)
	return e.render(x.node(w, process).local, x.frame(e))
}
