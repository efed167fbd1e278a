package agreement

import (
	"slices"

	"chandy/internal/explore"
	"chandy/internal/saved"
	"chandy/snapshot"
)

// explorer searches every order of the steps of a scope. What it shows of progress is
// that from every state, in whatever order the steps are taken once the faults stop, all
// run in one epoch. A deadline is then longer than everything else: it rings when nothing
// else can happen.
type explorer struct {
	explore.Search[world, world, move]
	*scope
	nodes     explore.Table[*node]
	networks  explore.Table[*network]
	stores    explore.Table[*storage]
	messages  explore.Table[Message]
	decisions explore.Table[saved.Decision]
	readings  explore.Table[saved.Reading]
	key       []byte // buffer for an encoding
	lastRead  uint64 // epoch that the agent has read of in the step that is computed
}

// world is the state of the whole: the numbers of the parts, and how many faults there were.
type world struct {
	locals         [processesMax]uint32
	network, store uint32
	used           [budgets]uint8
}

// budget is something that happens a limited number of times.
type budget uint8

const (
	crashing budget = iota
	losing
	copying
	failing
	failingLoad
	ringing
	saving
	removing
	resuming
	lateHello
	aging
	budgets
)

func (s *scope) limit(b budget) int {
	return [...]int{s.crashes, s.losses, s.copies, s.storeFails, s.loadFails, s.early, s.saves, s.removes, s.resumes, s.lateHellos, s.minutes}[b]
}

// node is a local state and the outcomes of its steps that were computed.
type node struct {
	*local
	edges explore.Memo[event, edge]
}

type edge struct {
	to    uint32
	sent  []packet
	found *explore.Finding
}

// move is a step in the whole.
type move struct {
	does    does
	process uint8
	event   event // of the process
	arg     uint32
	fault   bool // it may happen or not
}

// does says what a move is.
type does uint8

const (
	steps does = iota // a process, with nothing else
	delivers
	deliversCopy
	loses
	operates // operation arg of the process happens in the store
	answersAtOnce
	failsUndone // operation arg fails and did not happen
	failsLate   // operation arg fails and happens later
	orphanActs  // operation arg of a dead process
	orphanLost
	crashes
	crashesLosing // and what it has asked of the store is lost
	looksToRemove // snapshot arg
	removesNow
	ringsEarly
	hearsLate
	ages // the last commit
)

func newExplorer(s *scope) *explorer {
	if s.hooks == nil {
		s.hooks = &hooks{}
	}
	x := &explorer{scope: s}
	x.Search = explore.Search[world, world, move]{
		Begin: x.begin, Key: func(w *world) world { return *w }, Moves: x.enable, Take: x.take, Text: x.text,
		Fault: func(m move) bool { return m.fault }, Check: x.checkWhole, End: x.end, StepsMax: 300,
	}
	return x
}

func (x *explorer) begin() (w world) {
	s := &storage{absent: x.noStore, decisions: x.before, endings: x.endings, saved: x.saved}
	if r := s.reading(); x.minutes > 0 {
		s.recent = r.Epoch()
	}
	w.store = x.storage(s)
	var sent []packet
	for i := range x.processes {
		l, _, more := x.start(i, 1)
		w.locals[i] = x.intern(l)
		sent = append(sent, more...)
	}
	w.network = x.net(&network{packets: sent})
	return w
}

func (x *explorer) start(i int, life uint8) (*local, *explore.Finding, []packet) {
	l := &local{scope: x.scope, process: i, life: life, blind: life == 1 && slices.Contains(x.unmounted, i)}
	l.agent = New(l.id(), l.incarnation(), x.processes, x.options)
	found, sent := x.do(l, event{kind: starts})
	return l, found, sent
}

func (x *explorer) node(w world, process int) *node { return x.nodes.All[w.locals[process]] }

// take changes *w into the state after a move.
func (x *explorer) take(w *world, m move) *explore.Finding {
	n, s := x.node(*w, int(m.process)), x.stores.All[w.store]
	switch m.does {
	case steps:
		return x.step1(w, n, m.event)
	case delivers, deliversCopy:
		if m.does == delivers {
			x.unqueue(w, m.arg)
		} else {
			w.used[copying]++
		}
		return x.step1(w, n, m.event)
	case loses:
		w.used[losing]++
		x.unqueue(w, m.arg)
	case ringsEarly:
		w.used[ringing]++
		return x.step1(w, n, m.event)
	case hearsLate:
		w.used[lateHello]++
		return x.step1(w, n, m.event)
	case operates, answersAtOnce:
		found := x.operate(w, n.ops[m.arg], int(m.process), &m.event)
		if f := x.step1(w, n, m.event); found == nil {
			found = f
		}
		if m.does == answersAtOnce && found == nil {
			found = x.step1(w, x.node(*w, int(m.process)), event{kind: answers, arg: m.arg})
		}
		return found
	case failsUndone:
		w.used[failing]++
		return x.step1(w, n, m.event)
	case failsLate:
		w.used[failing]++
		x.orphan(w, n.ops[m.arg:m.arg+1])
		return x.step1(w, n, m.event)
	case orphanActs:
		o := x.networks.All[w.network].orphans[m.arg]
		x.unorphan(w, m.arg)
		return x.operate(w, o, -1, &event{})
	case orphanLost:
		x.unorphan(w, m.arg)
	case crashes, crashesLosing:
		w.used[crashing]++
		if m.does == crashes {
			x.orphan(w, n.ops)
		}
		l, found, sent := x.start(int(m.process), n.life+1)
		l.given, l.ended, l.blind = n.given, n.given, n.blind
		w.locals[m.process] = x.intern(l)
		x.queue(w, sent)
		return found
	case ages:
		w.used[aging]++
		next := s.clone()
		next.recent = 0
		w.store = x.storage(next)
	case looksToRemove:
		w.used[removing]++
		next := s.clone()
		one := &next.saved[m.arg]
		next.remover = remover{id: one.id, fates: uint8(len(one.fates)), looked: true}
		w.store = x.storage(next)
	case removesNow:
		next := s.clone()
		one := next.find(s.remover.id)
		if x.hooks.careless || len(one.fates) == int(s.remover.fates) {
			one.fates = append(one.fates, fate{removed: true})
		}
		next.remover = remover{}
		w.store = x.storage(next)
	}
	return nil
}

// edge returns the outcome of a step of a process.
func (x *explorer) edge(n *node, e event) *edge {
	if made := n.edges.Find(e); made != nil {
		return made
	}
	l := n.local.clone()
	var out edge
	if e.kind == happens {
		o := &l.ops[e.arg]
		o.done, o.result, o.no = true, e.more>>1, e.more&1 == 1
	} else {
		out.found, out.sent = x.do(l, e)
	}
	if out.found == nil {
		out.to = x.intern(l)
	}
	return n.edges.Add(e, out)
}

// step1 lets a process take a step.
func (x *explorer) step1(w *world, n *node, e event) *explore.Finding {
	made := x.edge(n, e)
	if made.found != nil {
		return made.found
	}
	w.locals[n.process] = made.to
	x.queue(w, made.sent)
	switch e.kind {
	case hears, orders:
	case resumes:
		w.used[resuming]++
	case saveBegins:
		w.used[saving]++
	case isNotLoaded:
		w.used[failingLoad]++
	}
	if e.kind == answers && n.ops[e.arg].kind == saves && n.ops[e.arg].result == 1 {
		return x.acknowledge(w, n.ops[e.arg].id)
	}
	return nil
}

// acknowledge notes that somebody was told that a snapshot is saved.
func (x *explorer) acknowledge(w *world, id snapshot.ID) *explore.Finding {
	next := x.stores.All[w.store].clone()
	next.find(id).acked = true
	w.store = x.storage(next)
	for _, d := range next.decisions {
		if f := checkUndone(next, d); f != nil {
			return f
		}
	}
	return nil
}

// operate lets an operation happen in the store, and puts the result into the event.
func (x *explorer) operate(w *world, o operation, process int, e *event) *explore.Finding {
	s := x.stores.All[w.store]
	e.kind = happens
	var found *explore.Finding
	switch o.kind {
	case reads:
		r := s.reading()
		if x.isBlind(w, process) {
			r = saved.Reading{Decided: FirstEpoch}
		}
		e.more = x.reading(r) << 1
		return nil
	case creates:
		if x.isBlind(w, process) {
			return explore.Findingf(checkStore, "%s makes a store of its own", x.processes[process])
		}
		next, d := s.clone(), x.decisions.All[o.arg]
		if x.hooks.overwrite {
			next.decisions = slices.DeleteFunc(next.decisions, func(other saved.Decision) bool { return other.Number == d.Number })
		}
		isNew := next.decided(d.Number) == nil
		e.more = x.decision(next.create(d)) << 1
		if isNew {
			found = x.checkDecided(next, d)
			if x.minutes > 0 && d.Verdict == saved.Commit {
				next.recent = d.Number
			}
		}
		w.store = x.storage(next)
	case keeps:
		next := s.clone()
		if !next.keep(o.id, uint64(o.arg)) {
			e.more = 1
		}
		w.store = x.storage(next)
	case runs:
		if !slices.Contains(s.runs, uint64(o.arg)) {
			next := s.clone()
			next.runs = append(next.runs, uint64(o.arg))
			slices.Sort(next.runs)
			w.store = x.storage(next)
		}
	case saves:
		next := s.clone()
		next.saved = append(next.saved, savedSnapshot{epoch: uint64(o.arg), id: o.id})
		w.store = x.storage(next)
		e.more = 1 << 1
	}
	return found
}

// isBlind reports whether the store is not mounted at a process. What a dead process has asked
// for reaches the store: it was mounted.
func (x *explorer) isBlind(w *world, process int) bool {
	return process >= 0 && x.node(*w, process).blind
}
