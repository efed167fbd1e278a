package channel

import (
	"slices"

	"chandy/internal/explore"
)

// enable appends every step that can be taken.
func (x *explorer) enable(w world, moves []move) []move {
	for c := range x.topology.Channels {
		if conns := x.wires.at(w, c); conns.ended() {
			// Nothing that any process does before the sender notices makes a difference.
			return append(moves, move{event: event{kind: noticesOut}, channel: uint8(c)})
		}
	}
	sent := 0
	for i := range x.topology.Processes {
		sent += x.node(w, i).sentAll
	}
	for i := range x.topology.Processes {
		for _, e := range x.node(w, i).steps {
			switch {
			case e.kind == sends && x.total > 0 && sent == x.total:
			case e.kind == tells && !x.canTell(w, x.inChannel[i][e.arg]):
			default:
				moves = append(moves, move{event: e, process: uint8(i)})
			}
		}
	}
	for c := range x.topology.Channels {
		moves = x.enableChannel(w, c, moves)
	}
	return x.enableFaults(w, moves)
}

// canTell reports whether the connection has room for an acknowledgement. A sender
// that went back is not told of anything that it has not sent again: no receiver says
// in the welcome where it stands and acknowledges more afterwards.
func (x *explorer) canTell(w world, c int) bool {
	conns := x.wires.at(w, c)
	if len(conns[conns.attached()].back) >= x.acks {
		return false
	}
	_, out, in := x.halves(w, c)
	return !x.stale || !conns[conns.attached()].dialler || in.arrived <= out.written[0] && in.markers[0] <= out.written[1]
}

// enableChannel appends the deliveries of a channel, and the step in which its sender
// notices the end of the connection.
func (x *explorer) enableChannel(w world, c int, moves []move) []move {
	can := func(k kind, conn int, fault bool) {
		moves = append(moves, move{event: event{kind: k}, channel: uint8(c), k: uint8(conn), fault: fault})
	}
	for k, conn := range x.wires.at(w, c) {
		if len(conn.forth) > 0 {
			late := conn.listener < attached && !conn.dialler // a hello
			can(takes, k, late)
		}
		if len(conn.back) > 0 && conn.dialler {
			can(returns, k, false)
			if x.stale && x.wires.frames.All[conn.back[0]].kind == welcome {
				can(returnsStale, k, false)
			}
		}
		if conn.dialler && conn.listener == closed {
			can(noticesOut, k, false)
		}
	}
	return moves
}

// enableFaults appends what may go wrong.
func (x *explorer) enableFaults(w world, moves []move) []move {
	can := func(k kind, process, channel int) {
		moves = append(moves, move{event: event{kind: k}, process: uint8(process), channel: uint8(channel), fault: true})
	}
	for c := 0; c < len(x.topology.Channels) && int(w.disconnects) < x.disconnects; c++ {
		conns := x.wires.at(w, c)
		own := conns[conns.own()]
		switch {
		case x.resets:
			can(reconnects, 0, c)
			if x.stale {
				can(reconnectsStale, 0, c)
			}
		case own.listener != closed:
			can(loses, 0, c)
			if own.listener != attached && len(own.forth) > 0 {
				can(gives, 0, c)
			}
		}
	}
	for i, id := range x.topology.Processes {
		if int(w.restarts) == x.scope.restarts || x.restarting != nil && !slices.Contains(x.restarting, id) {
			continue
		}
		can(restarts, i, 0)
		if len(x.starts) > 0 {
			can(restartsLost, i, 0)
		}
	}
	return moves
}

// resolve returns the process that takes a step, and the step as that process sees it.
func (x *explorer) resolve(w world, m move) (process int, e event) {
	e = m.event
	c := int(m.channel)
	switch e.kind {
	case takes:
		e.arg, e.item = uint8(x.toEnd[c]), x.wires.at(w, c)[m.k].forth[0]
		return x.to[c], e
	case rewelcomes:
		e.arg = uint8(x.toEnd[c])
		return x.to[c], e
	case returns, returnsStale:
		e.arg, e.item = uint8(x.fromEnd[c]), x.wires.at(w, c)[m.k].back[0]
		return x.from[c], e
	case noticesOut, loses, gives, reconnects, reconnectsStale, disconnects:
		e.arg = uint8(x.fromEnd[c])
		return x.from[c], e
	}
	return int(m.process), e
}

// take changes *w into the state after a step.
func (x *explorer) take(w *world, m move) *explore.Finding {
	process, e := x.resolve(*w, m)
	c := int(m.channel)
	switch e.kind {
	case reconnects:
		return x.reconnect(w, m, returns)
	case reconnectsStale:
		return x.reconnect(w, m, returnsStale)
	case takes:
		if x.wires.at(*w, c)[m.k].listener == attached { // a hello or a pong is taken by what follows
			w.wires[c] = x.wires.apply(w.wires[c], popForth, int(m.k), 0)
		}
	case returns, returnsStale:
		w.wires[c] = x.wires.apply(w.wires[c], popBack, int(m.k), 0)
	case loses, gives:
		w.disconnects++
	case restarts, restartsLost:
		w.restarts++
	}
	n := x.node(*w, process)
	next := n.edges.Find(e)
	if next == nil {
		next = n.edges.Add(e, x.compute(n, e))
	}
	if next.found != nil {
		return next.found
	}
	w.locals[process] = next.to
	for _, o := range next.ops {
		w.wires[o.channel] = x.wires.apply(w.wires[o.channel], o.opKind, int(m.k), o.item)
	}
	for _, o := range next.ops {
		w.wires[o.channel] = x.wires.apply(w.wires[o.channel], sweeps, 0, 0)
	}
	return nil
}

// reconnect takes the steps of a disconnect and of a new connection in one; welcomed
// is how the sender takes the welcome.
func (x *explorer) reconnect(w *world, m move, welcomed kind) *explore.Finding {
	w.disconnects++
	w.wires[m.channel] = x.wires.apply(w.wires[m.channel], resets, 0, 0)
	for _, k := range []kind{disconnects, rewelcomes, welcomed} {
		m.event, m.k = event{kind: k}, 0
		if found := x.take(w, m); found != nil {
			return found
		}
	}
	return nil
}

// compute lets the halves of channels and the Recorder take a step.
func (x *explorer) compute(n *node, e event) edge {
	s := step{local: n.local.clone(), x: x}
	s.do(e)
	one := edge{ops: s.ops, found: s.found}
	if s.found == nil {
		one.to = x.intern(s.local)
	}
	return one
}
