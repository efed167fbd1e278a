package agreement

import "slices"

// enable appends every move that can be made.
func (x *explorer) enable(w world, moves []move) []move {
	first := len(moves)
	if m, ok := x.urgent(w); ok {
		return append(moves, m)
	}
	moves = x.enableNetwork(w, moves)
	for i := range x.processes {
		moves = x.enableOperations(w, i, moves)
		moves = x.enableProcess(w, i, moves)
	}
	moves = x.enableRemover(w, moves)
	if slices.ContainsFunc(moves[first:], func(m move) bool { return !m.fault }) {
		return x.enableDeadlines(w, moves, true)
	}
	return x.enableDeadlines(w, moves, false)
}

// urgent returns a move that a brisk scope makes before any other.
func (x *explorer) urgent(w world) (move, bool) {
	if !x.brisk {
		return move{}, false
	}
	for i, p := range x.networks.All[w.network].packets {
		e := event{receives, p.message, uint32(p.from)}
		if made := x.edge(x.node(w, int(p.to)), e); made.found == nil && made.to == w.locals[p.to] && len(made.sent) == 0 {
			return move{does: delivers, process: p.to, event: e, arg: uint32(i)}, true
		}
	}
	for i := range x.processes {
		n := x.node(w, i)
		for j := range x.processes {
			if m, ok := x.hello(w, i, j); ok {
				return m, true
			}
		}
		for k, o := range n.ops {
			if o.kind == keeps && !x.may(w, failing) && !x.may(w, removing) {
				return move{does: answersAtOnce, process: uint8(i), event: event{kind: happens, arg: uint32(k)}, arg: uint32(k)}, true
			}
		}
		if n.loading && !x.may(w, failingLoad) {
			return move{process: uint8(i), event: event{kind: isLoaded}}, true
		}
	}
	return move{}, false
}

func (x *explorer) may(w world, b budget) bool { return int(w.used[b]) < x.limit(b) }

func (x *explorer) enableNetwork(w world, moves []move) []move {
	n := x.networks.All[w.network]
	for i, p := range n.packets {
		m := move{does: delivers, process: p.to, event: event{receives, p.message, uint32(p.from)}, arg: uint32(i)}
		moves = append(moves, m)
		if m.fault = true; x.may(w, losing) {
			m.does = loses
			moves = append(moves, m)
		}
		if x.may(w, copying) {
			m.does = deliversCopy
			moves = append(moves, m)
		}
	}
	for i, o := range n.orphans {
		if !x.waits(w, o, false) {
			moves = append(moves, move{does: orphanActs, arg: uint32(i), fault: true})
		}
		moves = append(moves, move{does: orphanLost, arg: uint32(i)})
	}
	if x.may(w, aging) && x.stores.All[w.store].recent > 0 {
		moves = append(moves, move{does: ages, fault: true})
	}
	return moves
}

func (x *explorer) enableOperations(w world, i int, moves []move) []move {
	n := x.node(w, i)
	for k, o := range n.ops {
		m := move{process: uint8(i), event: event{kind: happens, arg: uint32(k)}, arg: uint32(k)}
		if x.waits(w, o, n.blind) {
			continue
		}
		if !o.done {
			m.does = operates
			if !x.slowStore || o.kind == keeps || o.kind == runs {
				m.does = answersAtOnce
			}
			moves = append(moves, m)
		} else {
			m.event.kind = answers
			moves = append(moves, m)
		}
		if x.may(w, failing) && o.kind != saves {
			m.event, m.fault = event{kind: fails, arg: uint32(k)}, true
			m.does = failsUndone
			moves = append(moves, m)
			if o.kind == creates && !o.done {
				m.does = failsLate
				moves = append(moves, m)
			}
		}
	}
	return moves
}

// waits reports whether an operation fails again and again, since there is no store where its
// process looks.
func (x *explorer) waits(w world, o operation, blind bool) bool {
	return o.kind != reads && !o.makes && !o.done && (blind || x.stores.All[w.store].absent)
}

func (x *explorer) enableProcess(w world, i int, moves []move) []move {
	n := x.node(w, i)
	a := n.agent
	can := func(e event, fault bool) {
		moves = append(moves, move{process: uint8(i), event: e, fault: fault})
	}
	if n.loading {
		can(event{kind: isLoaded}, false)
		if x.may(w, failingLoad) {
			can(event{kind: isNotLoaded}, true)
		}
	}
	if n.blind {
		can(event{kind: mounts}, false)
	}
	if n.alarms>>Retry&1 == 1 {
		can(event{kind: rings, arg: uint32(Retry)}, false)
	}
	moves = x.enableHellos(w, i, moves)
	for k, o := range x.orders {
		if o.process == i && n.given>>k&1 == 0 {
			can(event{kind: orders, arg: uint32(k)}, true)
		}
	}
	if n.held && a.running == idle && x.may(w, resuming) {
		can(event{kind: resumes}, true)
	}
	if x.may(w, saving) && n.saving == "" && n.epoch != 0 && n.role != Joining && (a.MaySave() || x.hooks.hasty) {
		can(event{kind: saveBegins}, true)
	}
	if x.may(w, crashing) {
		moves = append(moves, move{does: crashes, process: uint8(i), fault: true})
		if slices.ContainsFunc(n.ops, func(o operation) bool { return !o.done && o.kind != reads && o.kind != keeps }) {
			moves = append(moves, move{does: crashesLosing, process: uint8(i), fault: true})
		}
	}
	return moves
}

// hello returns the move by which a process hears of another one what it does not know
// and has to know.
func (x *explorer) hello(w world, i, j int) (m move, ok bool) {
	if i == j {
		return m, false
	}
	n, other := x.node(w, i), x.node(w, j).local
	a := n.agent
	p, epoch := a.peers[j], other.epoch
	if x.hooks.deaf {
		epoch = min(epoch, a.Epoch())
	}
	behind := epoch > a.Epoch() && a.reading == idle && !n.blind
	restarted := x.options.Recover && epoch == a.Epoch() && epoch != p.epoch && !lists(&a.commit, other.id(), other.incarnation())
	m = move{process: uint8(i), event: event{hears, uint32(j), uint32(other.life)<<8 | uint32(epoch)}}
	return m, !p.heard || p.incarnation != other.incarnation() || behind || restarted
}

// enableHellos lets a process hear of others, and late of a dead incarnation.
func (x *explorer) enableHellos(w world, i int, moves []move) []move {
	for j := range x.processes {
		m, ok := x.hello(w, i, j)
		if ok {
			moves = append(moves, m)
		}
		if life := x.node(w, j).life; i != j && x.may(w, lateHello) && life > 1 {
			m.does, m.event.more, m.fault = hearsLate, uint32(life-1)<<8|FirstEpoch, true
			moves = append(moves, m)
		}
	}
	return moves
}

func (x *explorer) enableRemover(w world, moves []move) []move {
	s := x.stores.All[w.store]
	if s.remover.looked {
		return append(moves, move{does: removesNow})
	}
	for k, one := range s.saved {
		if x.may(w, removing) && s.mayRemove(one.id) {
			moves = append(moves, move{does: looksToRemove, arg: uint32(k), fault: true})
		}
	}
	return moves
}

// enableDeadlines lets slow alarms ring: as faults while anything else can happen.
// A poll without news is left out, since it changes nothing.
func (x *explorer) enableDeadlines(w world, moves []move, early bool) []move {
	if early && !x.may(w, ringing) {
		return moves
	}
	r := x.stores.All[w.store].reading()
	for i := range x.processes {
		n := x.node(w, i)
		b := n.agent.ballot
		sees := b != nil && b.stage == checking && n.agent.saving == 0 && b.Store == r.Store
		news := n.agent.reading == idle && !n.blind && (r.Epoch() > n.epoch || r.Run && n.held || sees)
		for _, name := range []AlarmName{OrderDeadline, VoteDeadline, Poll, Recover} {
			if n.alarms>>name&1 == 1 && (name != Poll || news) {
				m := move{process: uint8(i), event: event{kind: rings, arg: uint32(name)}, fault: early}
				if early {
					m.does = ringsEarly
				}
				moves = append(moves, m)
			}
		}
	}
	return moves
}
