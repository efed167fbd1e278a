package channel

import "slices"

// enable appends every step that can be taken to x.moves. It tells whether
// something goes on: faults may happen or not, and a frame of a connection that
// its sender has given up may arrive or not.
func (x *explorer) enable(w world) (goes bool) {
	for c := range x.topology.Channels {
		if conns := x.wires.all[w.wires[c]].connections; conns.ended() {
			// Nothing that anybody does before the sender notices makes a difference.
			x.moves = append(x.moves, move{event: event{kind: noticesOut}, channel: uint8(c)})
			return true
		}
	}
	first := len(x.moves)
	late := 0
	for i := range x.topology.Processes {
		x.enableProcess(w, i)
	}
	for c := range x.topology.Channels {
		late += x.enableChannel(w, c)
	}
	goes = len(x.moves)-first > late
	x.enableFaults(w)
	return goes
}

// enableProcess appends the steps that a process takes by itself.
func (x *explorer) enableProcess(w world, i int) {
	sent := 0
	for j := range x.topology.Processes {
		sent += x.nodes[w.locals[j]].sentAll
	}
	for _, e := range x.nodes[w.locals[i]].steps {
		switch {
		case e.kind == sends && x.total > 0 && sent == x.total:
		case e.kind == tells && !x.canTell(w, x.inChannel[i][e.arg]):
		default:
			x.moves = append(x.moves, move{event: e, process: uint8(i)})
		}
	}
}

// canTell tells whether the connection has room for an acknowledgement. A sender
// that went back is told nothing that it has not sent again, as nobody who says in
// the welcome where it stands ever tells.
func (x *explorer) canTell(w world, c int) bool {
	wire := x.wires.all[w.wires[c]].connections
	if len(wire[wire.attached()].back) >= x.acks {
		return false
	}
	_, out, in := x.halves(w, c)
	return !x.stale || !wire[wire.attached()].dialler || in.arrived <= out.written[0] && in.markers[0] <= out.written[1]
}

// enableChannel appends the deliveries of a channel, and that its sender notices the
// end of the connection. It returns how many are those of hellos that come late.
func (x *explorer) enableChannel(w world, c int) (late int) {
	can := func(k kind, conn int) {
		x.moves = append(x.moves, move{event: event{kind: k}, channel: uint8(c), k: uint8(conn)})
	}
	for k, conn := range x.wires.all[w.wires[c]].connections {
		if len(conn.forth) > 0 {
			can(takes, k)
			if conn.listener < attached && !conn.dialler {
				late++
			}
		}
		if len(conn.back) > 0 && conn.dialler {
			can(returns, k)
			if x.stale && x.wires.frames[conn.back[0]].kind == welcome {
				can(returnsStale, k)
			}
		}
		if conn.dialler && conn.listener == closed {
			can(noticesOut, k)
		}
	}
	return late
}

// enableFaults appends what may go wrong.
func (x *explorer) enableFaults(w world) {
	for c := range x.topology.Channels {
		if int(w.disconnects) == x.disconnects {
			break
		}
		can := func(k kind) { x.moves = append(x.moves, move{event: event{kind: k}, channel: uint8(c)}) }
		wire := x.wires.all[w.wires[c]].connections
		own := wire[wire.own()]
		switch {
		case x.resets:
			can(reconnects)
			if x.stale {
				can(reconnectsStale)
			}
		case own.listener != closed:
			can(loses)
			if own.listener != attached && len(own.forth) > 0 {
				can(gives)
			}
		}
	}
	if int(w.restarts) < x.scope.restarts {
		for i, id := range x.topology.Processes {
			if x.restarting != nil && !slices.Contains(x.restarting, id) {
				continue
			}
			x.moves = append(x.moves, move{event: event{kind: restarts}, process: uint8(i)})
			if len(x.starts) > 0 {
				x.moves = append(x.moves, move{event: event{kind: restartsLost}, process: uint8(i)})
			}
		}
	}
}

// resolve is which process takes the step, and the step as that one sees it.
func (x *explorer) resolve(w world, m move) (process int, e event) {
	e = m.event
	c := int(m.channel)
	switch e.kind {
	case takes:
		e.arg, e.item = uint8(x.toEnd[c]), x.wires.all[w.wires[c]].connections[m.k].forth[0]
		return x.to[c], e
	case rewelcomes:
		e.arg = uint8(x.toEnd[c])
		return x.to[c], e
	case returns, returnsStale:
		e.arg, e.item = uint8(x.fromEnd[c]), x.wires.all[w.wires[c]].connections[m.k].back[0]
		return x.from[c], e
	case noticesOut, loses, gives, reconnects, reconnectsStale, disconnects:
		e.arg = uint8(x.fromEnd[c])
		return x.from[c], e
	}
	return int(m.process), e
}

// take is the state after a step. It is not ok if there is a finding.
func (x *explorer) take(w world, m move) (world, bool) {
	process, e := x.resolve(w, m)
	c := int(m.channel)
	switch e.kind {
	case reconnects:
		return x.reconnect(w, m, returns)
	case reconnectsStale:
		return x.reconnect(w, m, returnsStale)
	case takes:
		if x.wires.all[w.wires[c]].connections[m.k].listener == attached { // a hello or a pong is taken by what follows
			w.wires[c] = x.wires.apply(w.wires[c], popForth, int(m.k), 0)
		}
	case returns, returnsStale:
		w.wires[c] = x.wires.apply(w.wires[c], popBack, int(m.k), 0)
	case loses, gives:
		w.disconnects++
	case restarts, restartsLost:
		w.restarts++
	}
	next := x.outcome(w.locals[process], e)
	if next.wrong {
		return w, false
	}
	w.locals[process] = next.to
	for _, o := range next.ops {
		w.wires[o.channel] = x.wires.apply(w.wires[o.channel], o.opKind, int(m.k), o.item)
	}
	for _, o := range next.ops {
		w.wires[o.channel] = x.wires.apply(w.wires[o.channel], sweeps, 0, 0)
	}
	return w, true
}

// reconnect is the steps of a disconnect and of a new connection in one; welcomed is
// how the sender takes the welcome.
func (x *explorer) reconnect(w world, m move, welcomed kind) (world, bool) {
	w.disconnects++
	w.wires[m.channel] = x.wires.apply(w.wires[m.channel], resets, 0, 0)
	for _, k := range []kind{disconnects, rewelcomes, welcomed} {
		m.event, m.k = event{kind: k}, 0
		var ok bool
		if w, ok = x.take(w, m); !ok {
			return w, false
		}
	}
	return w, true
}

// outcome is what a step makes of a local state; it is computed once.
func (x *explorer) outcome(number uint32, e event) *edge {
	n := x.nodes[number]
	for i := range n.edges {
		if n.edges[i].event == e {
			return &n.edges[i]
		}
	}
	s := step{local: n.local.clone(), x: x}
	s.do(e)
	one := edge{event: e, ops: s.ops, wrong: s.found != nil}
	if s.found == nil {
		one.to = x.intern(s.local)
	}
	n.edges = append(n.edges, one)
	x.report(s.found)
	return &n.edges[len(n.edges)-1]
}
